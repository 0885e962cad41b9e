package store

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
	value string // of the column that the list is sorted by; "" where that is the id
	id    int64
}

const (
	cursorVersion = 1
	sealSize      = 8 // octets
	maxCursor     = 1000
)

// cursorOf writes a place as a cursor of this list with this filter and order: a version, a
// checksum over all of these, the id, and the value. Nothing in it is secret, and a made-up
// one could only skip objects that its maker may see anyway.
func cursorOf(what string, q notary.Query, p place) notary.Cursor {
	b := []byte{cursorVersion}
	b = append(b, checksum(what, q, p)...)
	b = strconv.AppendInt(b, p.id, 36)
	b = append(b, ' ')
	b = append(b, p.value...)
	return notary.Cursor(base64.RawURLEncoding.EncodeToString(b))
}

// readCursor gives back the place.
func readCursor(what string, q notary.Query) (place, error) {
	refused := notary.FieldErrorf("after", "this cursor does not belong to this list with these filters and this order: begin again without it")
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(q.After))
	if err != nil || len(q.After) > maxCursor || len(b) < 1+sealSize {
		return place{}, notary.FieldErrorf("after", "this is not a cursor: give the value of next as it came")
	}
	if b[0] != cursorVersion {
		return place{}, notary.FieldErrorf("after", "this cursor was made by another version of the program: begin again without it")
	}
	var p place
	rest := string(b[1+sealSize:])
	for i := range rest {
		if rest[i] == ' ' {
			p.id, err = strconv.ParseInt(rest[:i], 36, 64)
			p.value = rest[i+1:]
			if err == nil && string(checksum(what, q, p)) == string(b[1:1+sealSize]) {
				return p, nil
			}
			break
		}
	}
	return place{}, refused
}

func checksum(what string, q notary.Query, p place) []byte {
	filter, _ := json.Marshal(q.Filter) // plain values cannot fail
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%d %s", what, filter, q.Sort, p.id, p.value))
	return sum[:sealSize]
}
