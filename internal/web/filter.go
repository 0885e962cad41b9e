package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/web/page"
)

// filterFields are the query parameters that filter a list, named as in the API.
var filterFields = []string{"q", "status", "revoked", "certificate_authority_id", "key", "label", "email", "owner",
	"expires_after",
	"expires_before", "expiring",
	"serial_number", "fingerprint", "name", "name_prefix", "domain"}

func readQuery(v url.Values) (notary.Query, error) {
	f, err := readFilter(v)
	q := notary.Query{Filter: f, Sort: notary.Sort(v.Get("sort")), Limit: page.Size,
		After: notary.Cursor(v.Get("after")), Before: notary.Cursor(v.Get("before"))}
	if q.Sort == "" {
		q.Sort = notary.ByIDDown
	}
	return q, err
}

func readFilter(v url.Values) (f notary.Filter, err error) {
	text := func(name string) string { return strings.TrimSpace(v.Get(name)) }
	f = notary.Filter{Status: notary.RequestStatus(text("status")), Email: strings.ToLower(text("email")),
		OwnedBy:    strings.ToLower(text("owner")),
		Key:        ca.RecordedKey(text("key")),
		NamePrefix: text("name_prefix")}
	if label := text("label"); label != "" {
		if f.Labels, err = ca.RecordedLabels([]string{label}); err != nil {
			return f, err
		}
	}
	if err := ca.ReadSearch(&f, text("q")); err != nil {
		return f, err
	}
	if name := text("name"); name != "" {
		f.Name = ca.RecordedName(name)
	}
	switch text("revoked") {
	case "":
	case "true", "false":
		is := text("revoked") == "true"
		f.Revoked = &is
	default:
		return f, notary.FieldErrorf("revoked", "revoked must be true or false")
	}
	if id := text("certificate_authority_id"); id != "" {
		if f.AuthorityID, err = strconv.ParseInt(id, 10, 64); err != nil {
			return f, notary.FieldErrorf("certificate_authority_id", "choose a CA")
		}
	}
	for _, read := range []struct {
		name string
		into *string
		of   func(string) (string, error)
	}{{"serial_number", &f.Serial, ca.RecordedSerial}, {"fingerprint", &f.Fingerprint, ca.RecordedFingerprint},
		{"domain", &f.Domain, ca.RecordedDomain}} {
		if given := text(read.name); given != "" && err == nil {
			*read.into, err = read.of(given)
		}
	}
	if err == nil {
		f.ExpiresAfter, err = readMoment("expires_after", text("expires_after"))
	}
	if err == nil {
		f.ExpiresBefore, err = readMoment("expires_before", text("expires_before"))
	}
	if err == nil {
		f.Expiring, err = ca.Window("expiring", text("expiring"))
	}
	return f, err
}

func readMoment(field, text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, nil
	}
	at, err := ca.Moment(field, text)
	if err != nil {
		return at, notary.FieldErrorf(field, "enter a date such as 2027-01-31")
	}
	return at, nil
}

func withoutPlace(v url.Values) url.Values {
	kept := url.Values{}
	for _, name := range append([]string{"sort"}, filterFields...) {
		if text := v.Get(name); text != "" {
			kept.Set(name, text)
		}
	}
	return kept
}

// listURL returns the URL of the first page of a list with changed parameters. changes are names and values; the value
// "" removes a parameter.
func listURL(path string, v url.Values, changes ...string) string {
	kept := withoutPlace(v)
	for i := 0; i+1 < len(changes); i += 2 {
		kept.Del(changes[i])
		if changes[i+1] != "" {
			kept.Set(changes[i], changes[i+1])
		}
	}
	if len(kept) == 0 {
		return path
	}
	return path + "?" + kept.Encode()
}

func (c *call) pager(previous, next notary.Cursor) page.Pager {
	return page.NewPager(c.r.URL, string(previous), string(next))
}

func (c *call) cursors() (after, before notary.Cursor) {
	query := c.r.URL.Query()
	return notary.Cursor(query.Get("after")), notary.Cursor(query.Get("before"))
}
