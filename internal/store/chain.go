package store

import (
	"encoding/asn1"
	"sync"

	"notary"
)

// chainCache caches the certificates of issuers by their DER, because a list would otherwise parse and encode the same
// few chains for each row.
type chainCache struct {
	mu    sync.Mutex
	known map[string]*notary.Issuers
}

// maxChains is the maximum number of cached chains, which need about a megabyte.
const maxChains = 200

// get returns the issuers in the concatenated DER, from the cache if possible. It returns nil if ders is empty, and an
// error if the DER is malformed.
func (c *chainCache) get(ders []byte) (*notary.Issuers, error) {
	if len(ders) == 0 {
		return nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if chain, ok := c.known[string(ders)]; ok {
		return chain, nil
	}
	split, err := splitDER(ders)
	if err != nil {
		return nil, err
	}
	if c.known == nil || len(c.known) >= maxChains {
		c.known = map[string]*notary.Issuers{}
	}
	chain := notary.NewIssuers(split...)
	c.known[string(ders)] = chain
	return chain, nil
}

func splitDER(b []byte) (ders [][]byte, err error) {
	for len(b) > 0 {
		var one asn1.RawValue
		if b, err = asn1.Unmarshal(b, &one); err != nil {
			return nil, err
		}
		ders = append(ders, one.FullBytes)
	}
	return ders, nil
}
