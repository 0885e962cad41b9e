package rest

import (
	"encoding/hex"
	"strings"
	"time"

	"notary"
	"notary/api"
	"notary/internal/ca"
)

// The inputs of the two lists. The zero value is a call without parameters: a parameter
// without a value is refused before, and none takes a value that is zero.
type (
	requestList     struct{ api.RequestQuery }
	certificateList struct{ api.CertificateQuery }
)

func (in requestList) query() (notary.Query, error) {
	filter, err := requestFilter(in.RequestFilter)
	return queryOf(in.Paging, filter), err
}

func (in certificateList) query() (notary.Query, error) {
	filter, err := certificateFilter(in.CertificateFilter)
	return queryOf(in.Paging, filter), err
}

func queryOf(p api.Paging, f notary.Filter) notary.Query {
	q := notary.Query{Filter: f, Limit: p.Limit, Sort: notary.Sort(p.Sort), After: notary.Cursor(p.After), Before: notary.Cursor(p.Before)}
	if q.Limit == 0 {
		q.Limit = notary.DefaultPage
	}
	if q.Sort == "" {
		q.Sort = notary.ByID
	}
	return q
}

func requestFilter(in api.RequestFilter) (notary.Filter, error) {
	f, err := filterOf(in.Filter)
	f.Status = notary.RequestStatus(in.Status)
	return f, err
}

func certificateFilter(in api.CertificateFilter) (notary.Filter, error) {
	f, err := filterOf(in.Filter)
	if in.Revoked != "" {
		revoked := in.Revoked == "true"
		f.Revoked = &revoked
	}
	return f, err
}

// filterOf brings values into the form in which they are recorded.
func filterOf(in api.Filter) (f notary.Filter, err error) {
	f = notary.Filter{Email: strings.ToLower(in.Email), AuthorityID: int64(in.CertificateAuthorityID), Key: keyName(in.Key),
		NamePrefix: in.NamePrefix}
	if in.Name != "" {
		f.Name = ca.RecordedName(in.Name)
	}
	for _, word := range strings.Fields(in.Q) {
		f.Search = append(f.Search, searchWord(word))
	}
	if in.SerialNumber != "" {
		if f.Serial, err = ca.RecordedSerial(in.SerialNumber); err != nil {
			return f, err
		}
	}
	if in.Fingerprint != "" {
		if f.Fingerprint, err = fingerprint(in.Fingerprint); err != nil {
			return f, err
		}
	}
	if in.Domain != "" {
		if f.Domain, err = ca.RecordedDomain(in.Domain); err != nil {
			return f, err
		}
	}
	if f.ExpiresAfter, err = moment("expires_after", in.ExpiresAfter); err != nil {
		return f, err
	}
	if f.ExpiresBefore, err = moment("expires_before", in.ExpiresBefore); err != nil {
		return f, err
	}
	return f, blank(in)
}

// blank refuses texts in which there is nothing but blanks: they would not narrow the list.
func blank(in api.Filter) error {
	for field, text := range map[string]string{"email": in.Email, "key": in.Key, "name": in.Name, "name_prefix": in.NamePrefix, "q": in.Q} {
		if text != "" && strings.TrimSpace(text) == "" {
			return notary.FieldErrorf(field, "%s is blank: say what to look for, or leave it out", field)
		}
	}
	return nil
}

func fingerprint(text string) (string, error) {
	digits := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), ":", ""))
	if octets, err := hex.DecodeString(digits); err != nil || len(octets) != 32 {
		return "", notary.FieldErrorf("fingerprint", "%.80q is not a SHA-256 fingerprint: write its 64 hexadecimal digits, with or without colons", text)
	}
	return digits, nil
}

// moment is a time that need not be given. The zero time of Go, which stands for that, was
// long ago: the second after it means the same.
func moment(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, notary.FieldErrorf(field, "%s must be a time such as 2027-01-31T12:00:00Z (RFC 3339)", field)
	}
	return instant(&t), nil
}

// keyName is the name of a kind of key as the objects show it, however it is written: also
// as authorities' keys are asked for, such as "rsa-2048".
func keyName(text string) string {
	compact := strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(text))
	if bits, ok := strings.CutPrefix(compact, "rsa"); ok {
		return "RSA " + bits
	}
	if curve, ok := strings.CutPrefix(compact, "ecdsap"); ok {
		return "ECDSA P-" + curve
	}
	if compact == "ed25519" {
		return "Ed25519"
	}
	return strings.TrimSpace(text)
}

// searchWord is a word of a search in the form in which it is recorded. Hexadecimal with
// more colons than an IP address has is a serial number or a fingerprint.
func searchWord(word string) string {
	const groupsOfIPv6 = 8
	if groups := strings.Split(word, ":"); len(groups) > groupsOfIPv6 {
		if _, err := hex.DecodeString(strings.Join(groups, "")); err == nil {
			return strings.ToLower(strings.Join(groups, ""))
		}
	}
	return ca.RecordedName(word)
}
