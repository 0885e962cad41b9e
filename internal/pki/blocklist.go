package pki

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	MaxBlockedKeys  = 2_000_000
	maxBlockedWidth = 1024 // octets per line
)

// Blocklist is a set of keys that are never certified, such as the output of a flawed generator. The zero value is
// empty.
type Blocklist struct {
	sorted [][sha256.Size]byte
}

// ReadBlocklist reads a list of keys, one per line: the SHA-256 of a SubjectPublicKeyInfo in hexadecimal, then
// optionally a space and a comment. Empty lines and lines that start with # are skipped.
func ReadBlocklist(r io.Reader) (*Blocklist, error) {
	list := &Blocklist{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxBlockedWidth)
	number := 0
	for lines.Scan() {
		number++
		fields := strings.Fields(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		sum, err := hex.DecodeString(fields[0])
		if err != nil || len(sum) != sha256.Size {
			return nil, fmt.Errorf("line %d: %.80q is not a SHA-256 fingerprint: write 64 hexadecimal digits",
				number, fields[0])
		}
		if len(list.sorted) == MaxBlockedKeys {
			return nil, fmt.Errorf("line %d: too many keys: list at most %d", number, MaxBlockedKeys)
		}
		list.sorted = append(list.sorted, [sha256.Size]byte(sum))
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", number+1, err)
	}
	slices.SortFunc(list.sorted, compareSums)
	list.sorted = slices.CompactFunc(list.sorted, func(a, b [sha256.Size]byte) bool { return a == b })
	return list, nil
}

// Len returns the number of keys in the list.
func (l *Blocklist) Len() int {
	if l == nil {
		return 0
	}
	return len(l.sorted)
}

// Contains reports whether the list contains the key, or another public key of the same private key.
func (l *Blocklist) Contains(key crypto.PublicKey) bool {
	if l.Len() == 0 {
		return false
	}
	id, err := IdentifyKey(key)
	return err == nil && l.ContainsIdentity(id) // an error means an unsupported type of key
}

// ContainsIdentity is like Contains for a key whose identity is known.
func (l *Blocklist) ContainsIdentity(id KeyIdentity) bool {
	return l.Len() > 0 && (l.has(id.Fingerprint) || l.has(id.Former))
}

func (l *Blocklist) has(fingerprint string) bool {
	sum, err := hex.DecodeString(fingerprint)
	if err != nil || len(sum) != sha256.Size {
		return false
	}
	_, found := slices.BinarySearchFunc(l.sorted, [sha256.Size]byte(sum), compareSums)
	return found
}

func compareSums(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) }
