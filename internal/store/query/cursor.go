package query

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"notary"
)

// place is the position where a page ended: the key of its last object in the list's order.
type place struct {
	value string // of the sort column; "" if that is the ID
	id    int64
}

const (
	cursorVersion = 1
	sealedVersion = 2 // an encrypted cursor
	sealSize      = 8 // octets of the checksum
	maxCursor     = 1100
)

// cursorOf returns the cursor for a place in the list with the given filter and order. It contains a version, a
// checksum over the list, filter, order and place, and the place itself. For a sealed list, the place is encrypted
// instead.
func (l List[T]) cursorOf(w Want, p place) notary.Cursor {
	list := l.Table
	if w.Sealed {
		text := append(strconv.AppendInt(nil, p.id, 36), ' ')
		sealed := l.Seal.seal(append(text, p.value...), sealContext(list, w))
		return notary.Cursor(base64.RawURLEncoding.EncodeToString(append([]byte{sealedVersion}, sealed...)))
	}
	b := []byte{cursorVersion}
	b = append(b, checksum(list, w, p)...)
	b = strconv.AppendInt(b, p.id, 36)
	b = append(b, ' ')
	b = append(b, p.value...)
	return notary.Cursor(base64.RawURLEncoding.EncodeToString(b))
}

func (l List[T]) readCursor(w Want, field string, c notary.Cursor) (place, error) {
	list := l.Table
	refused := notary.FieldErrorf(field,
		"this cursor is for another list, filter or order: start again without it")
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(c))
	if err != nil || len(c) > maxCursor || len(b) < 1+sealSize {
		return place{}, notary.FieldErrorf(field, "this is not a cursor: pass the value of next or previous unchanged")
	}
	if w.Sealed {
		return l.openCursor(w, b, refused)
	}
	if b[0] != cursorVersion {
		return place{}, notary.FieldErrorf(field,
			"this cursor was created by another version of the program: start again without it")
	}
	p, ok := parsePlace(string(b[1+sealSize:]))
	if !ok || string(checksum(list, w, p)) != string(b[1:1+sealSize]) {
		return place{}, refused
	}
	return p, nil
}

func (l List[T]) openCursor(w Want, b []byte, refused error) (place, error) {
	if b[0] != sealedVersion {
		return place{}, refused
	}
	text, err := l.Seal.open(b[1:], sealContext(l.Table, w))
	if err != nil {
		return place{}, refused
	}
	p, ok := parsePlace(string(text))
	if !ok {
		return place{}, refused
	}
	return p, nil
}

func parsePlace(text string) (p place, ok bool) {
	id, value, found := strings.Cut(text, " ")
	var err error
	p.id, err = strconv.ParseInt(id, 36, 64)
	p.value = value
	return p, found && err == nil
}

func sealContext(what string, w Want) []byte {
	filter, _ := json.Marshal(w.Filter) // encoding plain values cannot fail
	return fmt.Appendf(nil, "%s\n%s\n%s", what, filter, w.Sort)
}

func checksum(list string, w Want, p place) []byte {
	filter, _ := json.Marshal(w.Filter) // encoding plain values cannot fail
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%d %s", list, filter, w.Sort, p.id, p.value))
	return sum[:sealSize]
}
