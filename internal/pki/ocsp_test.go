package pki_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ocsp"

	"notary/internal/pki"
)

// asked is an OCSP request that any client could send (RFC 6960, section 4.1.1).
type asked struct {
	TBS       askedTBS
	Signature asn1.RawValue `asn1:"optional"`
}

type askedTBS struct {
	Version    int             `asn1:"explicit,tag:0,optional,default:-1"`
	Requestor  asn1.RawValue   `asn1:"optional"`
	List       []askedSingle   // SEQUENCE OF Request
	Extensions []askedExtended `asn1:"explicit,tag:2,optional,omitempty"`
}

type askedSingle struct {
	ID         askedID
	Extensions []askedExtended `asn1:"explicit,tag:0,optional,omitempty"`
}

type askedID struct {
	Algorithm         askedAlgorithm
	NameHash, KeyHash []byte
	Serial            *big.Int
}

type askedAlgorithm struct {
	OID        asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

type askedExtended struct {
	OID      asn1.ObjectIdentifier
	Critical bool `asn1:"optional"`
	Value    []byte
}

var (
	oidSHA1      = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA224    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 4}
	oidNonce     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidResponses = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 4}
	oidLocator   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 7}
)

func newAsked(serials ...int64) asked {
	a := asked{TBS: askedTBS{Version: -1}}
	for _, serial := range serials {
		a.TBS.List = append(a.TBS.List, askedSingle{ID: askedID{
			Algorithm: askedAlgorithm{OID: oidSHA1, Parameters: asn1.NullRawValue},
			NameHash:  bytes.Repeat([]byte{1}, 20), KeyHash: bytes.Repeat([]byte{2}, 20), Serial: big.NewInt(serial)}})
	}
	return a
}

func nonce(tb testing.TB, octets int) askedExtended {
	return askedExtended{OID: oidNonce, Value: marshal(tb, bytes.Repeat([]byte{7}, octets))}
}

func TestParseOCSPRequest(t *testing.T) {
	t.Parallel()
	root := issue(t, nil, "Root", true, nil)
	other := issue(t, nil, "Other", true, nil)
	leaf := issue(t, &root, "leaf", false, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(0xabcdef) })
	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		der, err := ocsp.CreateRequest(leaf.certificate, root.certificate, &ocsp.RequestOptions{Hash: hash})
		if err != nil {
			t.Fatal(err)
		}
		request, err := pki.ParseOCSPRequest(der)
		if err != nil {
			t.Fatal(err)
		}
		if len(request.Certs) != 1 || request.Nonce != nil {
			t.Fatalf("%v: %+v", hash, request)
		}
		id := request.Certs[0]
		if id.Hash != hash || id.Serial != "abcdef" || !bytes.Contains(der, id.Raw) {
			t.Errorf("%v: %+v", hash, id)
		}
		if !id.IssuedBy(root.certificate) || id.IssuedBy(other.certificate) {
			t.Errorf("%v: the issuer is not the one that was asked for", hash)
		}
	}
}

func TestParseOCSPRequestForms(t *testing.T) {
	t.Parallel()
	constructed := func(tag int, content []byte) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: content}
	}
	for name, edit := range map[string]func(*asked){
		"unchanged":          func(*asked) {},
		"a version":          func(a *asked) { a.TBS.Version = 0 },
		"a requestor's name": func(a *asked) { a.TBS.Requestor = constructed(1, []byte{0x82, 1, 'a'}) },
		"a signature":        func(a *asked) { a.Signature = constructed(0, []byte{0x30, 0}) },
		"absent parameters":  func(a *asked) { a.TBS.List[0].ID.Algorithm.Parameters = asn1.RawValue{} },
		"the shortest nonce": func(a *asked) { a.TBS.Extensions = []askedExtended{nonce(t, 1)} },
		"the longest nonce":  func(a *asked) { a.TBS.Extensions = []askedExtended{nonce(t, 128)} },
		"an unknown extension": func(a *asked) {
			a.TBS.Extensions = []askedExtended{{OID: oidLocator,
				Value: []byte{5, 0}}}
		},
		"an unknown extension of one": func(a *asked) { a.TBS.List[0].Extensions = []askedExtended{{OID: oidLocator}} },
		"response types that must be obeyed": func(a *asked) {
			a.TBS.Extensions = []askedExtended{{OID: oidResponses,
				Critical: true}}
		},
		"a hash that is not known": func(a *asked) { a.TBS.List[0].ID.Algorithm.OID = oidSHA224 },
		"a negative serial number": func(a *asked) { a.TBS.List[0].ID.Serial = big.NewInt(-5) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAsked(5, 6)
			edit(&a)
			request, err := pki.ParseOCSPRequest(marshal(t, a))
			if err != nil {
				t.Fatal(err)
			}
			want := &pki.OCSPRequest{}
			for _, single := range a.TBS.List {
				id := pki.OCSPCertID{Hash: crypto.SHA1, NameHash: single.ID.NameHash, KeyHash: single.ID.KeyHash,
					Serial: pki.SerialString(single.ID.Serial), Raw: marshal(t, single.ID)}
				if single.ID.Algorithm.OID.Equal(oidSHA224) {
					id.Hash = 0
				}
				want.Certs = append(want.Certs, id)
			}
			for _, extension := range a.TBS.Extensions {
				if extension.OID.Equal(oidNonce) {
					_, err := asn1.Unmarshal(extension.Value, &want.Nonce)
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			if diff := cmp.Diff(want, request); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestParseOCSPRequestRefuses(t *testing.T) {
	t.Parallel()
	many := make([]int64, pki.MaxOCSPCerts+1)
	whole := marshal(t, newAsked(5))
	for name, test := range map[string]struct {
		der   []byte
		words string
	}{
		"nothing":          {nil, "not an OCSP request"},
		"cut off":          {whole[:len(whole)-1], "not an OCSP request"},
		"something behind": {append(bytes.Clone(whole), 0), "not an OCSP request"},
		"too large":        {make([]byte, pki.MaxOCSPSize+1), "larger than 65536 octets"},
		"not DER":          {append([]byte{0x30, 0x81, byte(len(whole) - 2)}, whole[2:]...), "not an OCSP request"},
		"no certificate":   {marshal(t, newAsked()), "no certificate"},
		"too many":         {marshal(t, newAsked(many...)), "more than 100"},
		"another version":  {edited(t, func(a *asked) { a.TBS.Version = 1 }), "not an OCSP request"},
		"a signature of nothing": {edited(t, func(a *asked) { a.Signature = asn1.RawValue{FullBytes: []byte{0xa0, 0}} }),
			"not an OCSP request"},
		"parameters of the hash": {edited(t, func(a *asked) { a.TBS.List[0].ID.Algorithm.Parameters = asn1.RawValue{FullBytes: []byte{4, 0}} }), "parameters"},
		"a short hash":           {edited(t, func(a *asked) { a.TBS.List[0].ID.NameHash = []byte{1} }), "length"},
		"a long hash":            {edited(t, func(a *asked) { a.TBS.List[0].ID.KeyHash = make([]byte, 32) }), "length"},
		"no extension": {edited(t, func(a *asked) {
			a.TBS.Requestor = asn1.RawValue{FullBytes: []byte{0xa2, 2,
				0x30, 0}}
		}), "not an OCSP request"},
		"an empty nonce":         {edited(t, func(a *asked) { a.TBS.Extensions = []askedExtended{nonce(t, 0)} }), "nonce"},
		"a nonce that is longer": {edited(t, func(a *asked) { a.TBS.Extensions = []askedExtended{nonce(t, 129)} }), "nonce"},
		"a bare nonce": {edited(t, func(a *asked) {
			a.TBS.Extensions = []askedExtended{{OID: oidNonce,
				Value: []byte("raw")}}
		}), "nonce"},
		"two nonces": {edited(t, func(a *asked) { a.TBS.Extensions = []askedExtended{nonce(t, 8), nonce(t, 8)} }),
			"extensions"},
		"what must be obeyed": {edited(t, func(a *asked) {
			a.TBS.Extensions = []askedExtended{{OID: oidLocator, Critical: true}}
		}), "critical extension that is not supported (1.3.6.1.5.5.7.48.1.7)"},
		"what must be obeyed of one": {edited(t, func(a *asked) {
			a.TBS.List[0].Extensions = []askedExtended{{OID: oidLocator, Critical: true}}
		}), "critical extension"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request, err := pki.ParseOCSPRequest(test.der)
			if request != nil {
				t.Errorf("taken: %+v", request)
			}
			wantInvalid(t, err, "", test.words)
		})
	}
}

func edited(tb testing.TB, edit func(*asked)) []byte {
	tb.Helper()
	a := newAsked(5)
	edit(&a)
	return marshal(tb, a)
}

func FuzzParseOCSPRequest(f *testing.F) {
	f.Add(marshal(f, newAsked(5, 6, 7)))
	f.Add(edited(f, func(a *asked) { a.TBS.Extensions = []askedExtended{nonce(f, 16)} }))
	f.Add(edited(f, func(a *asked) { a.TBS.Version = 0 }))
	f.Add(edited(f, func(a *asked) { a.TBS.List[0].Extensions = []askedExtended{{OID: oidLocator}} }))
	f.Add([]byte(strings.Repeat("0", 40)))
	f.Fuzz(func(t *testing.T, der []byte) {
		request, err := pki.ParseOCSPRequest(der)
		if err != nil {
			wantInvalid(t, err, "", "")
			return
		}
		if len(request.Certs) == 0 || len(request.Certs) > pki.MaxOCSPCerts || len(request.Nonce) > pki.MaxOCSPNonce {
			t.Fatalf("%d certificates, %d octets of nonce", len(request.Certs), len(request.Nonce))
		}
		for _, id := range request.Certs {
			single := asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: id.Raw}
			list := asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: marshal(t, single)}
			tbs := asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: marshal(t, list)}
			again, err := pki.ParseOCSPRequest(marshal(t, asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true,
				Bytes: marshal(t, tbs)}))
			if err != nil {
				t.Fatalf("alone: %v", err)
			}
			if diff := cmp.Diff([]pki.OCSPCertID{id}, again.Certs); diff != "" {
				t.Errorf("alone: -want +got\n%s", diff)
			}
		}
	})
}
