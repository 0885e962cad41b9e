package query

import (
	"fmt"
	"regexp"
	"strings"

	"notary"
	"notary/internal/db"
)

// A search word matches an object if it is the beginning of the object's email address, serial number, fingerprint or
// key type, or of any part of its names, such as a domain label. The name of a status matches the requests in that
// status. A label with its value, such as team:payments, matches the objects that have this label.

var hexadecimal = regexp.MustCompile(`^[0-9a-f]{4,64}$`)

// beginning is a prefix of a column's value.
type beginning struct{ column, text string }

func (l List[T]) word(text string) Condition {
	text = searchable(text)
	begin := l.beginnings(text)
	bySerial := l.Table == "request" && hexadecimal.MatchString(text)
	status := statusOf(l.Table, text)
	label := labelIn(text)
	return Condition{
		Holds: func(b *db.Binder) {
			any := []string{l.like("search", "%"+pattern.Replace(marked(text))+"%", b)}
			for _, c := range begin {
				any = append(any, l.like(c.column, pattern.Replace(c.text)+"%", b))
			}
			if bySerial {
				any = append(any, l.hasHad(beginsWith(b, "s.serial", text)))
			}
			if status != "" {
				any = append(any, WithoutIndex(l.Alias+".status")+" = "+b.Bind(string(status)))
			}
			if label != "" {
				any = append(any, l.hasLabel(b, label))
			}
			b.And("(" + strings.Join(any, " OR ") + ")")
		},
		IDs: func(b *db.Binder) string {
			texts := []string{l.namesFrom(b, text)}
			for _, c := range begin {
				texts = append(texts, fmt.Sprintf("SELECT id FROM %s WHERE %s", l.Table,
					beginsWith(b, c.column, c.text)))
			}
			if bySerial {
				texts = append(texts, "SELECT request_id AS id FROM certificate WHERE request_id IS NOT NULL AND "+
					beginsWith(b, "serial", text))
			}
			if status != "" {
				texts = append(texts, "SELECT id FROM request WHERE status = "+b.Bind(string(status)))
			}
			if label != "" {
				texts = append(texts, l.labelIDs(b, label))
			}
			return strings.Join(texts, " UNION ALL ")
		},
	}
}

func (l List[T]) beginnings(text string) []beginning {
	all := []beginning{{"email", text}}
	if hexadecimal.MatchString(text) {
		all = append(all, beginning{"fingerprint", text})
		if l.Table == "certificate" {
			all = append(all, beginning{"serial", text})
		}
	}
	for _, key := range keysOf(text) {
		all = append(all, beginning{"key", key})
	}
	return all
}

func beginsWith(b *db.Binder, column, text string) string {
	return column + " >= " + b.Bind(text) + " AND " + column + " < " + b.Bind(End(text))
}

const keyWords = 3

// keysOf returns prefixes of the key types that a word denotes: by the beginning of "rsa", "ecdsa", "ed25519" or a
// curve such as "p-256", or by the size of an RSA key. Words of fewer than three characters denote none.
func keysOf(word string) (keys []string) {
	if len(word) < keyWords {
		return nil
	}
	for _, key := range []string{"RSA ", "ECDSA ", "Ed25519"} {
		if strings.HasPrefix(strings.ToLower(key), word) {
			keys = append(keys, key)
		}
	}
	for _, curve := range []string{"P-224", "P-256", "P-384", "P-521"} {
		if strings.HasPrefix(strings.ToLower(curve), word) {
			keys = append(keys, "ECDSA "+curve)
		}
	}
	if strings.Trim(word, "0123456789") == "" {
		keys = append(keys, "RSA "+word)
	}
	return keys
}

// statusOf returns the request status denoted by a word, or "". Certificates have no status.
func statusOf(table, word string) notary.RequestStatus {
	for _, status := range notary.RequestStatuses {
		if table == "request" && strings.EqualFold(string(status), word) {
			return status
		}
	}
	return ""
}
