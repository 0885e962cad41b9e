package cli

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"notary"
	"notary/api"
	"notary/internal/files"
	"notary/internal/pki"
)

const (
	opensslCRL      = "crl.pem"
	opensslNumber   = "crlnumber" // number of the next CRL, in hexadecimal
	opensslIndex    = "index.txt"
	opensslMaxIndex = 1 << 30

	easyRSAKey = "private/ca.key"
)

var (
	opensslKeys   = []string{"private/cakey.pem", easyRSAKey}
	opensslChains = []string{"cacert.pem", "ca.crt"}
	opensslIssued = []string{"newcerts", "certs_by_serial", "issued", "revoked/certs_by_serial",
		"renewed/certs_by_serial"}
)

// findFiles sets the flags that were not given to the names of files in the --openssl folder.
func (f *importFlags) findFiles() (err error) {
	if f.openssl == "" {
		return nil
	}
	if f.key == "" && f.pkcs12 == "" && !f.offline {
		if f.key, err = f.firstExisting(opensslKeys, "--key"); err != nil {
			return err
		}
	}
	if f.chain == "" && f.pkcs12 == "" {
		if f.chain, err = f.firstExisting(opensslChains, "--chain"); err != nil {
			return err
		}
	}
	if err := f.ifExists(opensslCRL, func(name string) {
		if f.crl == "" {
			f.crl = name
		}
	}); err != nil {
		return err
	}
	if f.certificates != nil {
		return nil
	}
	for _, folder := range opensslIssued {
		if err := f.ifExists(folder, func(name string) { f.certificates = append(f.certificates, name) }); err != nil {
			return err
		}
	}
	return nil
}

func (f *importFlags) firstExisting(names []string, flag string) (found string, err error) {
	for _, file := range names {
		if err := f.ifExists(file, func(name string) { found = name }); err != nil || found != "" {
			return found, err
		}
	}
	return "", notary.Errorf(notary.NotFound, "%s has no %s, which openssl ca and easy-rsa create: specify the file with %s",
		f.openssl, strings.Join(names, " or "), flag)
}

func (f *importFlags) ifExists(file string, fn func(name string)) error {
	name := filepath.Join(f.openssl, file)
	switch _, err := os.Stat(name); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	fn(name)
	return nil
}

// checkIndex returns an error if the CRL lacks an unexpired certificate that the index lists as revoked. If crlnumber
// shows that there was a later CRL, it sets body.CRLNumber so that numbering continues from there.
func (f *importFlags) checkIndex(body *api.ImportCertificateAuthority, chain string, now time.Time) error {
	if f.openssl == "" {
		return nil
	}
	list := &pki.CRL{}
	if body.CRL != "" {
		var err error
		if list, err = parseOwnCRL(body.CRL, chain, now); err != nil {
			return err
		}
	}
	next, err := f.nextNumber()
	if err != nil {
		return err
	}
	if f.crlNumber == 0 && next-1 > list.Number {
		body.CRLNumber = next - 1
	}
	listed := map[string]bool{}
	for _, v := range list.Revocations {
		listed[v.Serial] = true
	}
	revoked, err := f.revokedInIndex(now)
	if err != nil {
		return err
	}
	missing := slices.DeleteFunc(revoked, func(serial string) bool { return listed[serial] })
	if len(missing) > 0 {
		return withHint(notary.Errorf(notary.Conflict, "%s has revocations that are not on the CRL: %d in total, the "+
			"first with serial number %s", filepath.Join(f.openssl, opensslIndex), len(missing), missing[0]),
			"generate a new CRL: %s", f.newCRLCommand())
	}
	return nil
}

func (f *importFlags) newCRLCommand() string {
	if strings.HasSuffix(f.key, filepath.FromSlash(easyRSAKey)) {
		return "easyrsa gen-crl"
	}
	return "openssl ca -gencrl -out " + filepath.Join(f.openssl, opensslCRL)
}

func parseOwnCRL(text, chain string, now time.Time) (*pki.CRL, error) {
	authority, err := pki.ParseChain(chain)
	if err != nil {
		return nil, err
	}
	content := []byte(text)
	if !strings.Contains(text, "-----BEGIN") {
		if content, err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, err
		}
	}
	return pki.ParseCRL(content, authority[0], now)
}

// nextNumber returns the number of the next CRL, or 1 if the folder has no crlnumber file.
func (f *importFlags) nextNumber() (next int64, err error) {
	next = 1
	if e := f.ifExists(opensslNumber, func(name string) { next, err = readNumber(name) }); e != nil {
		return 0, e
	}
	return next, err
}

func readNumber(name string) (int64, error) {
	content, err := files.Read(name)
	if err != nil {
		return 0, err
	}
	number, err := strconv.ParseInt(string(bytes.TrimSpace(content)), 16, 64)
	if err != nil || number < 0 {
		return 0, notary.Errorf(notary.Invalid, "%s does not contain the number of the next CRL in hexadecimal, as "+
			"openssl ca writes it", name)
	}
	return number, nil
}

// revokedInIndex returns the serial numbers of the revoked, unexpired certificates in the index.
func (f *importFlags) revokedInIndex(now time.Time) (serials []string, err error) {
	var content []byte
	if e := f.ifExists(opensslIndex, func(name string) { content, err = readLarge(name, opensslMaxIndex) }); e != nil ||
		err != nil {
		return nil, errors.Join(e, err)
	}
	for number, line := range strings.Split(string(content), "\n") {
		fields := strings.Split(strings.TrimSuffix(line, "\r"), "\t")
		if fields[0] != "R" {
			continue
		}
		end, serial, ok := indexEntry(fields)
		if !ok {
			return nil, notary.Errorf(notary.Invalid, "line %d of %s is not in the format of openssl ca", number+1,
				filepath.Join(f.openssl, opensslIndex))
		}
		if end.After(now) {
			serials = append(serials, serial)
		}
	}
	return serials, nil
}

// indexEntry parses the fields of a line in the index: status, expiry, time of revocation with its reason, serial
// number, file, subject. It returns the expiry and the serial number in the form of [pki.SerialString].
func indexEntry(fields []string) (end time.Time, serial string, ok bool) {
	if len(fields) != 6 {
		return end, "", false
	}
	layout := "060102150405Z"
	if len(fields[1]) == len("20060102150405Z") {
		layout = "20060102150405Z"
	}
	end, err := time.Parse(layout, fields[1])
	if err != nil {
		return end, "", false
	}
	n, ok := new(big.Int).SetString(fields[3], 16)
	if !ok {
		return end, "", false
	}
	return end, pki.SerialString(n), true
}
