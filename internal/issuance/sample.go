package issuance

import (
	"crypto"
	"crypto/x509/pkix"
	"errors"
	"strings"
	"sync"
	"time"

	"notary"
	"notary/internal/pki"
)

// sampleTime is the issuance time of sample certificates. It is fixed because some lints depend on the date.
var sampleTime = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

var sampleIssuer = sync.OnceValues(func() (*Issuer, error) {
	throwAway, err := throwAwayECDSA()
	if err != nil {
		return nil, err
	}
	csr, err := sampleRequest(throwAway.key, "Sample Authority", notary.Names{})
	if err != nil {
		return nil, err
	}
	root, err := Root(throwAway.key, csr, -1, Terms{Now: sampleTime})
	if err != nil {
		return nil, err
	}
	return &Issuer{Certificate: root.Certificate, Signer: throwAway.key}, nil
})

var sampleKeys = map[notary.KeyKind]func() (crypto.Signer, error){
	notary.KindRSA: func() (crypto.Signer, error) {
		throwAway, err := throwAwayRSA()
		if err != nil {
			return nil, err
		}
		return throwAway.key, nil
	},
	notary.KindP256:    newSampleKey(notary.ECDSAP256),
	notary.KindP384:    newSampleKey(notary.ECDSAP384),
	notary.KindP521:    newSampleKey(notary.ECDSAP521),
	notary.KindEd25519: newSampleKey(notary.Ed25519),
}

func newSampleKey(alg notary.KeyAlgorithm) func() (crypto.Signer, error) {
	return sync.OnceValues(func() (crypto.Signer, error) { return pki.GenerateKey(alg) })
}

func sampleRequest(key crypto.Signer, title string, names notary.Names) (*pki.CSR, error) {
	return pki.NewCSR(key, pkix.Name{CommonName: title}, names)
}

// checkSample lints a sample certificate for each allowed kind of key, and refuses the rules unless all pass.
func checkSample(r *notary.Rules) error {
	issuer, err := sampleIssuer()
	if err != nil {
		return err
	}
	names := notary.Names{DNS: []string{"a.example.com"}, Email: []string{"a@example.com"}}
	for _, kind := range r.Keys.Allowed {
		key, err := sampleKeys[kind]()
		if err != nil {
			return err
		}
		csr, err := sampleRequest(key, "Sample", names)
		if err != nil {
			return err
		}
		a, err := newAttempt(issuer, &notary.Profile{Name: "sample", Rules: *r}, csr, -1, Terms{Now: sampleTime})
		if err != nil {
			return err
		}
		for _, pass := range []func(*attempt) error{(*attempt).setValidity, (*attempt).makeDraft, (*attempt).lint} {
			if err := pass(a); err != nil {
				return ruleError(kind, err)
			}
		}
	}
	return nil
}

func ruleError(kind notary.KeyKind, err error) error {
	var e *notary.Error
	if !errors.As(err, &e) || e.Kind == notary.Internal {
		return err
	}
	field := ""
	switch {
	case strings.Contains(e.Message, "key_usage"), strings.Contains(e.Message, "_eku"):
		field = "key_usages"
	case strings.Contains(e.Message, "polic"):
		field = "policies"
	}
	return notary.FieldErrorf(field, "no certificate for a key of type %s could be issued under these "+
		"rules: %s", kind, e.Message)
}
