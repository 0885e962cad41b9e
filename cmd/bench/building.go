package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"

	"notary"
	"notary/internal/issuance"
)

const builds = 3

// measureBuilding measures how long this process takes to build a CRL from its entries, compared with package x509.
func (b *bench) measureBuilding(ctx context.Context) error {
	for _, n := range []int{100_000, 1_000_000} {
		name := fmt.Sprintf("build a CRL of %s", thousands(n))
		if !b.wanted(name) {
			continue
		}
		b.say("measuring %s", name)
		list, err := newList(n)
		if err != nil {
			return err
		}
		ours, err := timed(ctx, list.build)
		if err != nil {
			return err
		}
		bare, err := timed(ctx, list.buildBare)
		if err != nil {
			return err
		}
		b.report.add(name, b.site.rows, ours, []comparison{rateOf(bare, "bare x509.CreateRevocationList", nil)})
	}
	return nil
}

func timed(ctx context.Context, do func() error) (figure, error) {
	f := figure{clients: 1, failures: failures{}}
	for range builds {
		began := time.Now()
		if err := do(); err != nil {
			return f, err
		}
		f.took = append(f.took, time.Since(began))
	}
	f.seconds = total(f.took).Seconds()
	f.sum()
	return f, ctx.Err()
}

type list struct {
	issuer  issuance.Issuer
	entries []notary.Revocation
	bare    []x509.RevocationListEntry
	terms   issuance.CRLTerms
}

func newList(n int) (*list, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Second)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "floor"},
		NotBefore: now, NotAfter: now.AddDate(5, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: make([]byte, 20)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	l := &list{issuer: issuance.Issuer{Certificate: certificate, Signer: key},
		terms: issuance.CRLTerms{Number: 1, ThisUpdate: now, NextUpdate: now.AddDate(0, 0, 2)}}
	for range n {
		serial := make([]byte, 16)
		rand.Read(serial)
		l.entries = append(l.entries, notary.Revocation{Serial: hex.EncodeToString(serial), At: now,
			Reason: notary.Superseded})
		l.bare = append(l.bare, x509.RevocationListEntry{SerialNumber: new(big.Int).SetBytes(serial),
			RevocationTime: now, ReasonCode: notary.RevocationReasons[notary.Superseded]})
	}
	return l, nil
}

func (l *list) build() error {
	crl, err := issuance.NewCRL(l.issuer, 0)
	if err != nil {
		return err
	}
	for _, v := range l.entries {
		if err := crl.Add(v); err != nil {
			return err
		}
	}
	_, err = crl.Sign(l.terms)
	return err
}

func (l *list) buildBare() error {
	_, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(l.terms.Number),
		ThisUpdate: l.terms.ThisUpdate, NextUpdate: l.terms.NextUpdate, RevokedCertificateEntries: l.bare},
		l.issuer.Certificate, l.issuer.Signer.(*ecdsa.PrivateKey))
	return err
}
