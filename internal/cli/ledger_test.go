package cli

import (
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"testing"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/pki"
	"notary/internal/testkit"
)

// ledger records what is known about one request. The outcome of some calls is unknown.
type ledger struct {
	id  int64
	csr string

	mu                     sync.Mutex
	signs, revokes         int // acknowledged
	lostSigns, lostRevokes int // outcome unknown
	running, begun         int // calls in progress, and started in total
}

// begin returns the number of another call, or -1 if one for the request is in progress.
func (r *ledger) begin() (begun int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running++
	r.begun++
	if r.running > 1 {
		return -1
	}
	return r.begun
}

// end records the answer, and returns what is wrong with it.
func (r *ledger) end(d operation, err error, begun int) (failure string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
	alone := begun == r.begun && r.running == 0
	before := r.status()
	switch {
	case unknown(err):
		r.lose(d)
		return ""
	case notary.KindOf(err) == notary.Unavailable:
		return "" // nothing was changed: verify checks that
	case err == nil && d == sign:
		r.signs++
	case err == nil:
		r.revokes++
	case notary.KindOf(err) != notary.Conflict:
		return fmt.Sprintf("request %d: %v", r.id, err)
	}
	if !alone || r.lostSigns+r.lostRevokes > 0 {
		return "" // earlier calls may explain it
	}
	if _, want := before.Next(actionOf(d)); (want == nil) != (err == nil) {
		return fmt.Sprintf("request %d was %s: %v", r.id, before, err)
	}
	return ""
}

func (r *ledger) lose(d operation) {
	if d == sign {
		r.lostSigns++
	} else {
		r.lostRevokes++
	}
}

func (r *ledger) status() notary.RequestStatus {
	switch {
	case r.revokes > 0:
		return notary.Revoked
	case r.signs > 0:
		return notary.Active
	default:
		return notary.Outstanding
	}
}

func actionOf(d operation) notary.Action {
	if d == sign {
		return notary.Sign
	}
	return notary.Revoke
}

// unknown reports whether the outcome of the call is unknown. All other failures mean that nothing was changed.
func unknown(err error) bool {
	return isUnavailable(err) && errors.Is(err, client.ErrOutcomeUnknown)
}

func isUnavailable(err error) bool {
	kind := notary.KindOf(err)
	return kind == notary.Unavailable || kind == notary.OutcomeUnknown
}

// verify compares the server with the ledger: every request, acknowledged certificate and revocation is there, and
// every revoked serial number is on the CRL.
func (l *load) verify(t *testing.T) {
	t.Helper()
	for _, failure := range l.failures {
		t.Error(failure)
	}
	certificates, revoked := l.inventory(t)
	stored := map[int64]api.CertificateRequest{}
	for req, err := range l.client.CertificateRequests(t.Context()) {
		testkit.Check(t, err)
		stored[req.ID] = req
	}
	if created := len(l.requests); len(stored) < created || len(stored) > created+l.lostCreates {
		t.Errorf("there are %d requests: %d were acknowledged, %d have an unknown outcome", len(stored), created,
			l.lostCreates)
	}
	for _, r := range l.requests {
		req, ok := stored[r.id]
		if !ok || req.CSR != r.csr {
			t.Errorf("request %d was acknowledged but is not stored as submitted", r.id)
		}
		if n := certificates[r.id]; n < r.signs || n > r.signs+r.lostSigns {
			t.Errorf("request %d has %d certificates: %d were acknowledged, %d have an unknown outcome", r.id, n,
				r.signs, r.lostSigns)
		}
		if n := revoked[r.id]; n < r.revokes || n > r.revokes+r.lostRevokes {
			t.Errorf("request %d has %d revocations: %d were acknowledged, %d have an unknown outcome", r.id, n,
				r.revokes, r.lostRevokes)
		}
		if want := r.status(); r.lostSigns+r.lostRevokes == 0 && req.Status != string(want) {
			t.Errorf("request %d is %s, want %s", r.id, req.Status, want)
		}
	}
}

// inventory counts certificates and revocations by request, and checks the CRL.
func (l *load) inventory(t *testing.T) (certificates, revoked map[int64]int) {
	t.Helper()
	listed := l.listed(t)
	certificates, revoked = map[int64]int{}, map[int64]int{}
	for c, err := range l.client.Certificates(t.Context()) {
		testkit.Check(t, err)
		if c.CertificateRequestID == nil {
			continue
		}
		certificates[*c.CertificateRequestID]++
		if c.RevokedAt == nil {
			continue
		}
		revoked[*c.CertificateRequestID]++
		if !listed[c.SerialNumber] {
			t.Errorf("certificate %d is revoked but not on the CRL", c.ID)
		}
	}
	return certificates, revoked
}

func (l *load) listed(t *testing.T) map[string]bool {
	t.Helper()
	der, err := l.client.CRL(t.Context(), l.authority)
	testkit.Check(t, err)
	crl := l.sawCRL(t, der)
	listed := map[string]bool{}
	for _, entry := range crl.RevokedCertificateEntries {
		listed[pki.SerialString(entry.SerialNumber)] = true
	}
	return listed
}

// sawCRL parses a CRL, whose number must never decrease.
func (l *load) sawCRL(t *testing.T, der []byte) *x509.RevocationList {
	t.Helper()
	crl, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Error(err)
		return &x509.RevocationList{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := crl.Number.Int64(); n < l.crl {
		t.Errorf("the CRL number decreased from %d to %d", l.crl, n)
	} else {
		l.crl = n
	}
	return crl
}

// wantAllAnswered requires that every call was answered and none was refused temporarily.
func (l *load) wantAllAnswered(t *testing.T) {
	t.Helper()
	if l.unanswered > 0 {
		t.Errorf("%d calls got no answer or were refused temporarily: %v", l.unanswered, l.answers)
	}
}
