package query

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"notary"
)

// place is where a page ended: the key of its last object in the list's order.
type place struct {
	value string // of the sort column; "" if that is the id
	id    int64
}

const (
	cursorVersion = 1
	sealSize      = 8 // octets
	maxCursor     = 1000
)

// cursorOf returns the cursor of a place in this list with this filter and order: a version, a checksum over all of
// these, the id and the value. Nothing in it is secret, and a forged cursor could only skip objects that the forger may
// see anyway.
func cursorOf(list string, w Want, p place) notary.Cursor {
	b := []byte{cursorVersion}
	b = append(b, checksum(list, w, p)...)
	b = strconv.AppendInt(b, p.id, 36)
	b = append(b, ' ')
	b = append(b, p.value...)
	return notary.Cursor(base64.RawURLEncoding.EncodeToString(b))
}

// readCursor returns the place of a cursor. Its errors name the field.
func readCursor(list string, w Want, field string, c notary.Cursor) (place, error) {
	refused := notary.FieldErrorf(field,
		"this cursor does not belong to this list with these filters and this order: start again without it")
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(c))
	if err != nil || len(c) > maxCursor || len(b) < 1+sealSize {
		return place{}, notary.FieldErrorf(field, "this is not a cursor: pass the value of next or previous unchanged")
	}
	if b[0] != cursorVersion {
		return place{}, notary.FieldErrorf(field,
			"this cursor was created by another version of the program: start again without it")
	}
	var p place
	rest := string(b[1+sealSize:])
	for i := range rest {
		if rest[i] == ' ' {
			p.id, err = strconv.ParseInt(rest[:i], 36, 64)
			p.value = rest[i+1:]
			if err == nil && string(checksum(list, w, p)) == string(b[1:1+sealSize]) {
				return p, nil
			}
			break
		}
	}
	return place{}, refused
}

func checksum(list string, w Want, p place) []byte {
	filter, _ := json.Marshal(w.Filter) // plain values cannot fail
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%d %s", list, filter, w.Sort, p.id, p.value))
	return sum[:sealSize]
}
