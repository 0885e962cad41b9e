package keystore

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"notary"
)

const (
	secretSize  = 32      // octets
	maxFileSize = 4 << 10 // octets
	fileMarker  = "notary-key-v1 "
)

const fileText = `# The key file of a Notary server. The secret below seals the private keys of its
# certificate authorities: without this file they are lost, and anyone with it and the
# database can sign. Back it up separately from the database, and let only the server
# read it.
` + fileMarker + "%s\n"

// CreateFile creates a key file with a new random secret, readable only by its owner, and waits until it is on disk. It
// never overwrites a file.
func CreateFile(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return notary.Errorf(notary.Conflict, "the key file %s already exists and is never overwritten", path)
	}
	if err != nil {
		return notary.InternalError("create the key file", err)
	}
	secret := make([]byte, secretSize)
	rand.Read(secret) // never returns an error
	defer clear(secret)
	_, err = fmt.Fprintf(file, fileText, base64.StdEncoding.EncodeToString(secret))
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		err = errors.Join(err, os.Remove(path))
		return notary.InternalError("write the key file", err)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return notary.InternalError("write the key file's folder to the disk", err)
	}
	return nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// FromFile returns a [Software] that uses the secret of a key file. The error is NotFound if the file does not exist,
// and Invalid if its mode allows more than 0600 or it is not a regular file in the format of [CreateFile].
func FromFile(path string) (*Software, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &notary.Error{Kind: notary.NotFound, Err: err,
			Message: fmt.Sprintf("there is no key file %s", path)}
	}
	if err != nil {
		return nil, notary.InternalError("open the key file", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, notary.InternalError("open the key file", err)
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, notary.Errorf(notary.Invalid, "the key file %s is not a regular file", path)
	case info.Mode().Perm()&0o177 != 0:
		return nil, notary.Errorf(notary.Invalid, "the key file %s has mode %04o instead of 0600: run chmod 600 on it",
			path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFileSize+1))
	defer clear(text)
	if err != nil {
		return nil, notary.InternalError("read the key file", err)
	}
	secret, ok := parseFile(text)
	if !ok {
		return nil, notary.Errorf(notary.Invalid, "the key file %s is truncated or modified: restore it from its "+
			"backup, or delete it if no CA was ever created with it", path)
	}
	return newSoftware(secret, kdfFile), nil
}

// parseFile parses the only line of a key file that is not a comment.
func parseFile(text []byte) (secret []byte, ok bool) {
	if len(text) > maxFileSize {
		return nil, false
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		encoded, marked := strings.CutPrefix(line, fileMarker)
		decoded, err := base64.StdEncoding.Strict().DecodeString(encoded)
		if !marked || err != nil || len(decoded) != secretSize || secret != nil {
			return nil, false
		}
		secret = decoded
	}
	return secret, secret != nil
}
