package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/pki"
)

// Certificates that an authority has issued, in files.

// issued are files with certificates that are all of one authority.
type issued struct {
	files []string
	count int
	urls  map[string]bool // of CRLs and OCSP responders, as certificates that are still valid name them
}

// sortedURLs are the URLs in order, and not more than can be read.
func (i issued) sortedURLs() []string {
	const most = 20
	urls := slices.Sorted(maps.Keys(i.urls))
	return urls[:min(len(urls), most)]
}

// findIssued reads the files, and those in the folders, and checks that the authority with
// this chain has issued each of their certificates. In folders, files without certificates
// are passed over: openssl has its serial numbers beside them.
func findIssued(paths []string, chain string, now time.Time) (found issued, err error) {
	found.urls = map[string]bool{}
	if len(paths) == 0 {
		return found, nil
	}
	authority, err := pki.ParseChain(chain)
	if err != nil {
		return found, err
	}
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			certificates, err := certificatesIn(name)
			if err != nil {
				return err
			}
			if len(certificates) == 0 && name == path {
				return notary.Errorf(notary.Invalid, "there is no certificate in %s", name)
			}
			return found.add(name, certificates, authority[0], now)
		})
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

func (i *issued) add(name string, certificates []*x509.Certificate, authority *x509.Certificate, now time.Time) error {
	for _, c := range certificates {
		if !pki.IssuedBy(c, authority) {
			return notary.Errorf(notary.Invalid, "the certificate in %s with the serial number %s was not issued by %s: nothing was sent",
				name, pki.SerialString(c.SerialNumber), authority.Subject)
		}
		if now.After(c.NotAfter) {
			continue
		}
		for _, url := range slices.Concat(c.CRLDistributionPoints, c.OCSPServer) {
			i.urls[url] = true
		}
	}
	if len(certificates) > 0 {
		i.files = append(i.files, name)
		i.count += len(certificates)
	}
	return nil
}

// certificatesIn are the certificates in a file, in PEM or DER; none where it has other
// things in it.
func certificatesIn(name string) ([]*x509.Certificate, error) {
	content, err := readLarge(name, 1<<30)
	if err != nil {
		return nil, err
	}
	if certificate, err := x509.ParseCertificate(content); err == nil {
		return []*x509.Certificate{certificate}, nil
	}
	if !bytes.Contains(content, []byte("-----BEGIN CERTIFICATE-----")) {
		return nil, nil
	}
	var all []*x509.Certificate
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, notary.Errorf(notary.Invalid, "a certificate in %s cannot be parsed: %s", name, err)
		}
		all = append(all, certificate)
	}
	return all, nil
}

// batchSize is how many certificates are sent in one call.
const batchSize = 500

// sendIssued sends them in batches, and shows how far it is.
func (p *program) sendIssued(ctx context.Context, c *client.Client, id int64, found issued) (sum api.ImportedCertificates, err error) {
	bar := p.newBar()
	defer bar.end()
	var batch [][]byte
	sent := 0
	send := func() error {
		if len(batch) == 0 {
			return nil
		}
		done, err := c.ImportCertificates(ctx, id, api.ImportCertificates{Certificates: notary.CertificatesPEM(batch...)})
		if err != nil {
			return err
		}
		sum.Imported += done.Imported
		sum.Known += done.Known
		sum.Revoked += done.Revoked
		sent += len(batch)
		batch = batch[:0]
		bar.show("recording certificates", int64(sent), int64(found.count))
		return nil
	}
	for _, name := range found.files {
		certificates, err := certificatesIn(name)
		if err != nil {
			return sum, err
		}
		for _, certificate := range certificates {
			if batch = append(batch, certificate.Raw); len(batch) == batchSize {
				if err := send(); err != nil {
					return sum, err
				}
			}
		}
	}
	return sum, send()
}

func counts(done api.ImportedCertificates) string {
	return fmt.Sprintf("%d recorded (%d of them revoked), %d known already", done.Imported, done.Revoked, done.Known)
}
