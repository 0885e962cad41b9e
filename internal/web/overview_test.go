package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func TestOverview(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	h.Signed(t, h.Caller(notary.CertificateRequestor), root)
	h.Request(t, h.Caller(notary.CertificateRequestor))
	h.Pending(t)
	b := h.browseAs(t, notary.CertificateManager)
	b.wantText(t, "Pending approval", "Expiring soon", "is awaiting its certificate", "Signed")
	b.look(t, "overview")
}

// A revocation that no CRL can list is shown on the overview of managers.
func TestOverviewDamagedRecords(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	h.Exec(t, `INSERT INTO revocation (authority_id, shard, serial, revoked_at, reason, listed_until)
		VALUES ($1, 0, '00', 1, 'superseded', 1152921504606846976)`, root)
	_, err := h.Revocation.CRL(t.Context(), root)
	testkit.Check(t, err)
	b := h.browseAs(t, notary.ReadOnly)
	b.wantText(t, "Damaged records", "1 damaged record", "serial number 0 is not positive")
	h.Exec(t, `DELETE FROM revocation WHERE serial = '00'`)
	b.look(t, "overview-damaged")
}

func TestOverviewBlockedKeys(t *testing.T) {
	t.Parallel()
	h := open(t)
	id := h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256))
	certificate := h.certificateOf(t, id)
	list, err := pki.ReadBlocklist(strings.NewReader(certificate.KeyFingerprint))
	testkit.Check(t, err)
	h.CA.BlockKeys(list)
	testkit.Check(t, h.CA.FindBlockedKeys(t.Context()))
	v := h.as(t, notary.ReadOnly)
	v.get(t, "/").wantText(t, "Blocked keys in use", fmt.Sprintf(`<li class="no"><a href="/certificates/%d">`,
		certificate.ID))
	testkit.Check(t, h.RevokeRequest(t.Context(), h.Admin(), id, notary.KeyCompromise))
	v.get(t, "/").wantNoText(t, "Blocked keys in use")
}

// Each bar of the chart links to the certificates that it counts.
func TestChartLinks(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256))
	b := h.browseAs(t, notary.Admin)
	b.click(t, `//*[name()='svg']//*[name()='a']`)
	b.wantHeading(t, "Certificates")
	b.wantText(t, "valid")
}

// The chart and the tile count what their lists show: CA certificates included, replaced
// certificates excluded.
func TestOverviewCounts(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	v := h.as(t, notary.Admin)
	v.get(t, "/").wantText(t, "<b >0</b>Expiring in 30 days")
	h.Clock.Advance(h.certificateEnd(t, root).Sub(h.Clock.Now()) - 10*24*time.Hour)
	v = h.as(t, notary.Admin) // the session has expired
	v.get(t, "/").wantText(t, "CAs that need attention", `<b class="soon">1</b>Expiring in 30 days`, "1 certificate from")
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "web.example.com")
	id, err := h.CA.Submit(t.Context(), h.Admin(), csr)
	testkit.Check(t, err)
	for _, days := range []int{3, 9} { // the second is a renewal
		testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: root,
			NotAfter: h.Clock.Now().AddDate(0, 0, days)}))
		v.get(t, "/").wantText(t, `<b class="soon">2</b>Expiring in 30 days`)
		h.Clock.Advance(time.Minute)
	}
	h.as(t, notary.Admin).get(t, "/certificates?expiring=30d").wantStatus(t, 200).wantText(t, "web.example.com",
		fmt.Sprintf(`data-href="%s"`, certificatePath(h.certificateOf(t, id).ID)))
}

func TestReplacedAuthorityNeedsNoAttention(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	h.Clock.Advance(h.certificateEnd(t, root).Sub(h.Clock.Now()) - 10*24*time.Hour)
	_, err := h.CA.RollOver(t.Context(), h.Admin(), root, ca.RollOverOptions{})
	testkit.Check(t, err)
	h.as(t, notary.Admin).get(t, "/").wantNoText(t, "plan its renewal")
}

func (h *house) certificateEnd(t *testing.T, authority int64) time.Time {
	t.Helper()
	a, err := h.CA.Authority(t.Context(), h.Admin(), authority)
	testkit.Check(t, err)
	return a.Certificate.NotAfter
}

func TestOverviewOfARequestor(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Request(t, h.Admin())
	own := h.Request(t, h.Caller(notary.CertificateRequestor))
	a := h.as(t, notary.CertificateRequestor).get(t, "/").wantStatus(t, 200).wantText(t, fmt.Sprintf("/requests/%d", own),
		"Pending approval")
	a.wantNoText(t, "Recent activity", fmt.Sprintf("/requests/%d", own-1), "/authorities")
}

func TestOverviewExpiringAuthority(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	h.Clock.Advance(h.certificateEnd(t, root).Sub(h.Clock.Now()) - 24*time.Hour)
	h.as(t, notary.Admin).get(t, "/").wantText(t, "CAs that need attention", "plan its renewal")
	h.Clock.Advance(48 * time.Hour)
	h.as(t, notary.Admin).get(t, "/").wantText(t, "has expired")
}
