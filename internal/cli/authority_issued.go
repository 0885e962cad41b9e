package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/pki"
)

// issued collects the certificates of one authority that were found in files.
type issued struct {
	files []string
	count int
	urls  map[string]bool // CRL and OCSP URLs in unexpired certificates

	refused []refusedFile
	places  map[[sha256.Size]byte]bool // by the hash of the DER; true if still to be sent
	serials map[string]string          // file names by serial number
}

type refusedFile struct {
	File   string `json:"file"`
	Serial string `json:"serial_number,omitempty"`
	Reason string `json:"reason"`
}

func (r refusedFile) String() string {
	if r.Serial == "" {
		return fmt.Sprintf("%s: %s", r.File, r.Reason)
	}
	return fmt.Sprintf("%s: the certificate with the serial number %s %s", r.File, r.Serial, r.Reason)
}

func (i issued) sortedURLs() []string {
	const most = 20
	urls := slices.Sorted(maps.Keys(i.urls))
	return urls[:min(len(urls), most)]
}

// findIssued searches files and folders for certificates issued by the authority with the given chain. In folders it
// skips files without certificates, such as openssl's serial file, and adds certificates that cannot be recorded to
// refused. A file in paths must contain certificates, all of which can be recorded.
func findIssued(paths []string, chain string, now time.Time) (found issued, err error) {
	found = issued{urls: map[string]bool{}, places: map[[sha256.Size]byte]bool{}, serials: map[string]string{}}
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
			before := len(found.refused)
			added, err := found.addFile(name, authority[0], now)
			switch {
			case err != nil || name != path:
				return err
			case len(found.refused) > before:
				return notary.Errorf(notary.Invalid, "%s: nothing was sent", found.refused[before])
			case !added:
				return notary.Errorf(notary.Invalid, "there is no certificate in %s", name)
			}
			return nil
		})
		if err != nil {
			return found, err
		}
	}
	if found.count == 0 && len(found.refused) > 0 {
		return found, notary.Errorf(notary.Invalid, "no certificate can be recorded: %s: nothing was sent",
			found.refused[0])
	}
	return found, nil
}

// addFile adds the certificates of a file. It reports whether the file has any, even if they cannot be recorded.
func (i *issued) addFile(name string, authority *x509.Certificate, now time.Time) (any bool, err error) {
	certificates, broken, err := certificatesIn(name)
	if err != nil {
		return false, err
	}
	if broken != nil {
		i.refused = append(i.refused, refusedFile{File: name, Reason: broken.Error()})
	}
	before := i.count
	for _, c := range certificates {
		i.add(name, c, authority, now)
	}
	if i.count > before {
		i.files = append(i.files, name)
	}
	return len(certificates) > 0 || broken != nil, nil
}

func (i *issued) add(name string, c, authority *x509.Certificate, now time.Time) {
	hash, serial := sha256.Sum256(c.Raw), pki.SerialString(c.SerialNumber)
	if _, seen := i.places[hash]; seen { // easy-rsa keeps each certificate twice
		return
	}
	err := pki.CheckIssued(c, authority)
	if other, existsError := i.serials[serial]; existsError && err == nil {
		err = fmt.Errorf("has the serial number of another certificate, in %s", other)
	}
	i.places[hash] = err == nil
	if err != nil {
		const most = 60 // digits
		i.refused = append(i.refused, refusedFile{name, serial[:min(len(serial), most)], err.Error()})
		return
	}
	i.serials[serial] = name
	i.count++
	if now.After(c.NotAfter) {
		return
	}
	for _, url := range slices.Concat(c.CRLDistributionPoints, c.OCSPServer) {
		i.urls[url] = true
	}
}

// certificatesIn returns the certificates in a file, in PEM, DER or PKCS #7. broken is the parse error of content that
// looks like a certificate, or nil.
func certificatesIn(name string) (all []*x509.Certificate, broken, err error) {
	content, err := readLarge(name, 1<<30)
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Contains(content, []byte("-----BEGIN ")) {
		all, broken = pki.CertificatesInDER(content)
		if broken != nil && !pki.LooksLikeCertificate(content) {
			broken = nil
		}
		return all, broken, nil
	}
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		some, _, err := pki.CertificatesInBlock(block.Type, block.Bytes)
		if err != nil {
			broken = err
		}
		all = append(all, some...)
	}
	return all, broken, nil
}

const batchSize = 500

func (p *program) sendIssued(ctx context.Context, c *client.Client, id int64,
	found issued) (sum api.ImportedCertificates, err error) {
	bar := p.newBar()
	defer bar.end()
	var batch [][]byte
	sent := 0
	send := func() error {
		if len(batch) == 0 {
			return nil
		}
		done, err := c.ImportCertificates(ctx, id,
			api.ImportCertificates{Certificates: notary.CertificatesPEM(batch...)})
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
		certificates, _, err := certificatesIn(name)
		if err != nil {
			return sum, err
		}
		for _, certificate := range certificates {
			if !found.take(certificate) {
				continue
			}
			if batch = append(batch, certificate.Raw); len(batch) == batchSize {
				if err := send(); err != nil {
					return sum, err
				}
			}
		}
	}
	return sum, send()
}

// take reports whether a certificate has yet to be sent, and marks it as sent.
func (i *issued) take(c *x509.Certificate) bool {
	hash := sha256.Sum256(c.Raw)
	take := i.places[hash]
	i.places[hash] = false
	return take
}

func (i issued) refusals() error {
	const most = 20
	if len(i.refused) == 0 {
		return nil
	}
	var lines []string
	for _, r := range i.refused[:min(len(i.refused), most)] {
		lines = append(lines, r.String())
	}
	if more := len(i.refused) - most; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return notary.Errorf(notary.Invalid, "all but %d certificates are recorded:\n  %s", len(i.refused),
		strings.Join(lines, "\n  "))
}

func counts(done api.ImportedCertificates) string {
	return fmt.Sprintf("%d recorded (%d of them revoked), %d already known", done.Imported, done.Revoked, done.Known)
}
