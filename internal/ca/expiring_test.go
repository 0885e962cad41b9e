package ca_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// expiring returns the IDs of the certificates that expire within 30 days. The metric, the summary and the overview
// must match.
func expiring(t *testing.T, w *testkit.World) (ids []int64) {
	t.Helper()
	page, err := w.CA.Certificates(t.Context(), w.Admin(), notary.Query{
		Filter: notary.Filter{Expiring: 30 * 24 * time.Hour}, Sort: notary.ByNotAfter, Limit: notary.MaxPage})
	testkit.Check(t, err)
	for _, c := range page.Items {
		ids = append(ids, c.ID)
	}
	o := overview(t, w, w.Admin())
	var next []int64
	soon := int64(0)
	for _, c := range o.Expiring {
		if c.NotAfter.Before(w.Clock.Now().AddDate(0, 0, 30)) {
			next = append(next, c.ID)
		}
	}
	if diff := cmp.Diff(ids, next); diff != "" {
		t.Errorf("the overview lists others (-list +overview):\n%s", diff)
	}
	for _, week := range o.Weeks[:4] {
		soon += week.Count
	}
	statistics, err := w.CA.Statistics(t.Context())
	testkit.Check(t, err)
	for what, n := range map[string]int64{"the chart": soon, "the metric": statistics.Expiring[30],
		"the summary": o.Summary.Expiring[30]} {
		if n != int64(len(ids)) {
			t.Errorf("%s counts %d that expire soon, and the list has %v", what, n, ids)
		}
	}
	return ids
}

// A certificate is expiring if it is valid and no later one for the same names and owner replaces it, however the two
// were recorded.
func TestExpiringIsOneDefinition(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	root, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
	testkit.Check(t, err)
	owner, other := w.Caller(notary.CertificateRequestor), w.Admin()
	days := func(n int) time.Time { return w.Clock.Now().AddDate(0, 0, n) }
	submit := func(caller notary.Caller, names ...string) int64 {
		id, err := w.CA.Submit(t.Context(), caller, testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), names...))
		testkit.Check(t, err)
		return id
	}
	sign := func(request int64, end time.Time) int64 {
		w.Clock.Advance(time.Minute)
		testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), request, ca.SignOptions{AuthorityID: root, NotAfter: end}))
		c, err := w.CA.RequestCertificate(t.Context(), w.Admin(), request)
		testkit.Check(t, err)
		return c.ID
	}
	want := func(step string, ids ...int64) {
		t.Helper()
		if diff := cmp.Diff(ids, expiring(t, w)); diff != "" {
			t.Errorf("%s, expiring (-want +got):\n%s", step, diff)
		}
	}
	importIssued := func(name string, end time.Time) int64 {
		issued := o.Issue(t, testkit.Key(t, notary.ECDSAP256).Public(), func(c *x509.Certificate) {
			c.Subject.CommonName, c.DNSNames, c.NotAfter = "", []string{name}, end
		})
		_, err := w.CA.ImportCertificates(t.Context(), w.Admin(), root, testkit.PEM(issued))
		testkit.Check(t, err)
		page, err := w.CA.Certificates(context.Background(), w.Admin(), notary.Query{Sort: notary.ByIDDown, Limit: 1})
		testkit.Check(t, err)
		return page.Items[0].ID
	}

	want("at first")
	request := submit(owner, "a.example.com")
	first := sign(request, days(10))
	want("signed", first)
	renewal := sign(request, days(12))
	want("renewed", renewal)
	again := sign(submit(owner, "a.example.com"), days(14))
	want("signed for another request", again)
	others := sign(submit(other, "a.example.com"), days(15))
	want("signed for another owner", again, others)
	more := sign(submit(owner, "a.example.com", "b.example.com"), days(16))
	want("signed for more names", again, others, more)
	imported := importIssued("old.example.com", days(5))
	want("imported", imported, again, others, more)
	sign(submit(owner, "old.example.com"), days(60))
	want("the imported one renewed", again, others, more)
	testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), again, notary.Superseded))
	want("the last revoked", renewal, others, more)
	w.Clock.Advance(13 * 24 * time.Hour)
	want("the renewal expired", others, more)
	c, err := w.CA.Certificate(t.Context(), w.Admin(), renewal)
	testkit.Check(t, err)
	if got := fmt.Sprint(c.Status(w.Clock.Now())); got != notary.CertificateExpired {
		t.Errorf("the renewal is %s", got)
	}
}
