package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// newCSR returns a CSR in PEM with a new P-256 key. It skips the checks of package pki.
func newCSR(name string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}}, key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}

func (b *bench) makeCSRs(ctx context.Context, n int) ([][]byte, error) {
	b.say("making %s CSRs", thousands(n))
	bodies := make([][]byte, n)
	left := upTo(n)
	var (
		making sync.WaitGroup
		mu     sync.Mutex
		failed error
	)
	for range runtime.GOMAXPROCS(0) {
		making.Go(func() {
			for i, ok := left.take(); ok && ctx.Err() == nil; i, ok = left.take() {
				csr, err := newCSR(fmt.Sprintf("new-%d.eu-west.prod.payments.example.com", i))
				if err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
					return
				}
				bodies[i] = createBody(csr)
			}
		})
	}
	making.Wait()
	return bodies, errors.Join(failed, ctx.Err())
}
