package rest

import (
	"encoding/json"
	"sync"

	"notary"
	"notary/api"
)

// encodedCRLs caches the encodings of each authority's newest CRL, which may be several megabytes and can be fetched
// without authentication.
type encodedCRLs struct {
	mu     sync.Mutex
	newest map[int64]*encodedCRL // by authority
}

type encodedCRL struct {
	number int64
	final  bool
	pem    func() string
	json   func() []byte // the envelope with the PEM in it
}

func (c *encodedCRLs) encoded(crl *notary.CRL) *encodedCRL {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.newest[crl.AuthorityID]; known != nil && known.number == crl.Number && known.final == crl.Final {
		return known
	}
	one := &encodedCRL{number: crl.Number, final: crl.Final, pem: sync.OnceValue(crl.PEM),
		json: sync.OnceValue(func() []byte {
			out := api.CRL{CRL: crl.PEM()}
			if crl.Final {
				out.Note = "the CA has expired: this is its last CRL"
			}
			body, _ := json.Marshal(api.Result[api.CRL]{Result: out}) // a string cannot fail
			return body
		})}
	if c.newest == nil {
		c.newest = map[int64]*encodedCRL{}
	}
	c.newest[crl.AuthorityID] = one
	return one
}
