package ca

import (
	"crypto/x509"

	"notary"
	"notary/internal/keystore"
	"notary/internal/pki"
)

func readOfflineChain(o Import) ([]*x509.Certificate, error) {
	switch {
	case len(o.Key) > 0 || o.Password != "":
		return nil, notary.FieldErrorf("private_key", "an offline CA is imported without its key: omit private_key "+
			"and password, or offline")
	case o.Chain == "":
		return nil, notary.FieldErrorf("certificate_chain", "the certificate chain is missing")
	}
	chain, err := pki.ParseChain(o.Chain)
	return chain, notary.WithField(err, "certificate_chain")
}

// reference returns the reference to the key. For an offline authority it is empty, not nil, because nil would become
// NULL in the database.
func (in *imported) reference() keystore.Reference {
	if in.offline() {
		return keystore.Reference{}
	}
	return in.key.Reference
}
