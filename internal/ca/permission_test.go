package ca_test

import (
	"context"
	"crypto/x509/pkix"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

const nothing = 1 << 40

var (
	everybody = notary.Roles
	readers   = []notary.Role{notary.Admin, notary.CertificateManager, notary.ReadOnly}
	writers   = []notary.Role{notary.Admin, notary.CertificateManager, notary.CertificateRequestor}
	managers  = []notary.Role{notary.Admin, notary.CertificateManager}
)

var useCases = map[string]struct {
	may  []notary.Role
	call func(context.Context, *ca.Service, notary.Caller) error
}{
	"Submit": {writers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Submit(ctx, c, ""))
	}},
	"SubmitWith": {writers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.SubmitWith(ctx, c, "", ca.SubmitOptions{OwnerGroupID: nothing}))
	}},
	"Issue": {writers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Issue(ctx, c, "", ca.IssueOptions{}))
	}},
	"Explain": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Explain(ctx, c, ca.Question{Action: "request.sign"}))
	}},
	"RequestActions": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.RequestActions(ctx, c, &notary.Request{ID: nothing}))
	}},
	"MayRevoke": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.MayRevoke(ctx, c, &notary.Certificate{ID: nothing}))
	}},
	"MayTransfer": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.MayTransfer(ctx, c, &notary.Certificate{ID: nothing}))
	}},
	"MayDecide": {everybody, func(ctx context.Context, s *ca.Service,
		c notary.Caller) error {
		return second(s.MayDecide(ctx, c))
	}},
	"SeesOthers": {everybody, func(ctx context.Context, s *ca.Service,
		c notary.Caller) error {
		return second(s.SeesOthers(ctx, c))
	}},
	"Signers": {everybody, func(ctx context.Context, s *ca.Service,
		c notary.Caller) error {
		return second(s.Signers(ctx, c))
	}},
	"IssuedFor": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.IssuedFor(ctx, c, nothing))
	}},
	"IssuedMeanwhile": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.IssuedMeanwhile(ctx, c, nothing))
	}},
	"TryRequest": {writers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.TryRequest(ctx, c, "", ""))
	}},
	"CertificatesOfRequest": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.CertificatesOfRequest(ctx, c, nothing))
	}},
	"Select": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Select(ctx, c, notary.Filter{Status: notary.Outstanding}))
	}},
	"EachMatching": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.EachMatching(ctx, c, notary.Filter{Status: notary.Outstanding}, func(*notary.Request) {}))
	}},
	"Request": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Request(ctx, c, nothing))
	}},
	"EachRequest": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.EachRequest(ctx, c, notary.Filter{}, func(*notary.Request) error { return nil })
	}},
	"ExportCertificates": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.ExportCertificates(ctx, c, notary.Filter{}, nil, func(*notary.Certificate) error { return nil })
	}},
	"AllCertificates": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.AllCertificates(ctx, c, func(*notary.Certificate) error { return nil })
	}},
	"AllRequests": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.AllRequests(ctx, c, func(*notary.Request) error { return nil })
	}},
	"Requests": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Requests(ctx, c, notary.Query{Sort: notary.ByID, Limit: 1}))
	}},
	"Certificates": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Certificates(ctx, c, notary.Query{Sort: notary.ByID, Limit: 1}))
	}},
	"Events": {readers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Events(ctx, c, notary.EventQuery{Limit: 1}))
	}},
	"Overview": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Overview(ctx, c))
	}},
	"AuthorityState": {readers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.AuthorityState(ctx, c, nothing))
	}},
	"History": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.History(ctx, c, nothing))
	}},
	"Summary": {readers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Summary(ctx, c))
	}},
	"Compromised": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Compromised(ctx, c, nothing))
	}},
	"Transfer": {writers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.Transfer(ctx, c, nothing, ca.NewOwner{Kind: "group", ID: nothing})
	}},
	"TransferCertificate": {writers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.TransferCertificate(ctx, c, nothing, ca.NewOwner{Kind: "group", ID: nothing})
	}},
	"Annotate": {writers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.Annotate(ctx, c, nothing, ca.Change{})
	}},
	"Delete": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.Delete(ctx, c, nothing)
	}},
	"Reject": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.Reject(ctx, c, nothing, "")
	}},
	"RemoveCertificate": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.RemoveCertificate(ctx, c, nothing)
	}},
	"Reopen": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.Reopen(ctx, c, nothing)
	}},
	"Sign": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.Sign(ctx, c, nothing, ca.SignOptions{AuthorityID: nothing})
	}},
	"Upload": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Upload(ctx, c, nothing, ""))
	}},
	"RevokeRequest": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.RevokeRequest(ctx, c, nothing, ca.RevokeOptions{Reason: notary.Unspecified}))
	}},
	"SelectCertificates": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.SelectCertificates(ctx, c, notary.Filter{Key: "RSA 2048"}))
	}},
	"SignPlan": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		_, _, err := s.SignPlan(ctx, c, ca.Many{IDs: []int64{nothing}}, ca.SignOptions{})
		return err
	}},
	"RevokeManyCertificates": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.RevokeManyCertificates(ctx, c, ca.Many{IDs: []int64{nothing}}, notary.Unspecified,
			func(ca.Outcome) error { return nil })
	}},
	"Certificate": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Certificate(ctx, c, nothing))
	}},
	"RequestCertificate": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.RequestCertificate(ctx, c, nothing))
	}},
	"EachCertificate": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.EachCertificate(ctx, c, notary.Filter{}, func(*notary.Certificate) error { return nil })
	}},
	"RevokeCertificate": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.RevokeCertificate(ctx, c, nothing, notary.Unspecified))
	}},
	"Authority": {readers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Authority(ctx, c, nothing))
	}},
	"Authorities": {readers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Authorities(ctx, c))
	}},
	"CreateAuthority": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.CreateAuthority(ctx, c, ca.AuthorityOptions{}))
	}},
	"ImportAuthority": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.ImportAuthority(ctx, c, ca.Import{}))
	}},
	"ImportCertificates": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.ImportCertificates(ctx, c, nothing, ""))
	}},
	"UploadCRL": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.UploadCRL(ctx, c, nothing, ca.CRLUpload{}))
	}},
	"UnsignedCRL": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.UnsignedCRL(ctx, c, nothing, time.Time{}))
	}},
	"SignAuthority": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.SignAuthority(ctx, c, nothing, nothing)
	}},
	"UploadAuthority": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.UploadAuthority(ctx, c, nothing, ""))
	}},
	"EnableAuthority": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.EnableAuthority(ctx, c, nothing, true)
	}},
	"ChangePublication": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.ChangePublication(ctx, c, nothing, ca.PublicationChange{})
	}},
	"DeleteAuthority": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.DeleteAuthority(ctx, c, nothing, true)
	}},
	"SignAuthorityBy": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.SignAuthorityBy(ctx, c, nothing, nothing, "intermediate")
	}},
	"Profiles": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Profiles(ctx, c))
	}},
	"Profile": {readers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Profile(ctx, c, nothing, 0))
	}},
	"CreateProfile": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.CreateProfile(ctx, c, "", notary.Rules{}))
	}},
	"UpdateProfile": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.UpdateProfile(ctx, c, nothing, 0, notary.Rules{}))
	}},
	"DeleteProfile": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.DeleteProfile(ctx, c, nothing)
	}},
	"Rules": {readers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Rules(ctx, c))
	}},
	"Rule": {readers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Rule(ctx, c, nothing, 0))
	}},
	"CreateRule": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.CreateRule(ctx, c, notary.RuleTerms{}))
	}},
	"UpdateRule": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.UpdateRule(ctx, c, nothing, 0, notary.RuleTerms{}))
	}},
	"DeleteRule": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.DeleteRule(ctx, c, nothing)
	}},
	"ActivateRule": {[]notary.Role{notary.Admin}, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.ActivateRule(ctx, c, nothing, 0))
	}},
	"DeactivateRule": {[]notary.Role{notary.Admin}, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.DeactivateRule(ctx, c, nothing)
	}},
	"MayActivate": {readers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.MayActivate(ctx, c, &notary.Rule{}))
	}},
	"TryRules": {readers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.TryRules(ctx, c, ca.RuleTryOptions{Last: 1}))
	}},
	"TryProfile": {readers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.TryProfile(ctx, c, nothing, ca.TryOptions{}))
	}},
	"CrossSign": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.CrossSign(ctx, c, nothing, nothing, "intermediate"))
	}},
	"UploadCross": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.UploadCross(ctx, c, nothing, ""))
	}},
	"AuthorityCertificates": {readers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		_, _, err := s.AuthorityCertificates(ctx, c, nothing)
		return err
	}},
	"UseCertificate": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return s.UseCertificate(ctx, c, nothing, nothing)
	}},
	"Chains": {everybody, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		_, _, err := s.Chains(ctx, c, nothing)
		return err
	}},
	"RollOver": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.RollOver(ctx, c, nothing, ca.RollOverOptions{}))
	}},
	"AuthorityStates": {readers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.AuthorityStates(ctx, c))
	}},
	"Impact": {readers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.Impact(ctx, c, nothing))
	}},
	"RevokeAuthority": {managers, func(ctx context.Context, s *ca.Service, c notary.Caller) error {
		return second(s.RevokeAuthority(ctx, c, nothing, notary.Unspecified))
	}},
}

var open = []string{"Now", "Counts", "CheckRecords", "Statistics", "BlockKeys", "Blocked", "FindBlockedKeys",
	"PublishWarning"}

func second[T any](_ T, err error) error { return err }

// Every use case checks the caller's role first, before it looks up the object.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	for name, useCase := range useCases {
		t.Run(name, func(t *testing.T) {
			testkit.WantKind(t, useCase.call(t.Context(), w.CA, notary.Caller{}), notary.Unauthenticated)
			testkit.WantKind(t, useCase.call(t.Context(), w.CA, notary.SystemCaller), notary.Unauthenticated)
			for _, role := range notary.Roles {
				kind := notary.KindOf(useCase.call(t.Context(), w.CA, w.Caller(role)))
				refused := kind == notary.Forbidden || kind == notary.Unauthenticated
				if may := slices.Contains(useCase.may, role); may == refused {
					t.Errorf("%s may: %v, but the answer is %q", role, may, kind)
				}
			}
			unknown := w.Admin()
			unknown.Role = 17
			testkit.WantKind(t, useCase.call(t.Context(), w.CA, unknown), notary.Forbidden)
		})
	}
	service := reflect.TypeFor[*ca.Service]()
	for i := range service.NumMethod() {
		name := service.Method(i).Name
		if _, ok := useCases[name]; !ok && !slices.Contains(open, name) {
			t.Errorf("nothing is said of who may %s", name)
		}
	}
}

// A requestor sees only its own requests and certificates; for others it gets NotFound.
func TestRequestorsSeeTheirOwn(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	mine := w.Caller(notary.CertificateRequestor)
	other := w.NewCaller(t, w.Admin(), notary.CertificateRequestor)
	requests := map[int64]notary.Caller{}
	for _, caller := range []notary.Caller{mine, other, w.Admin()} {
		requests[w.Signed(t, caller, root)] = caller
	}
	for id, submitter := range requests {
		certID := request(t, w, id).Certificate.ID
		for _, caller := range []notary.Caller{mine, other, w.Admin(), w.Caller(notary.CertificateManager),
			w.Caller(notary.ReadOnly)} {
			var want notary.Kind
			if caller.Role == notary.CertificateRequestor && caller.Principal.ID != submitter.Principal.ID {
				want = notary.NotFound
			}
			_, err := w.CA.Request(t.Context(), caller, id)
			testkit.WantKind(t, err, want)
			_, err = w.CA.Certificate(t.Context(), caller, certID)
			testkit.WantKind(t, err, want)
		}
	}
	for id, submitter := range requests {
		if submitter.Principal.ID == mine.Principal.ID {
			continue
		}
		_, anothers := w.CA.Request(t.Context(), mine, id)
		testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), id))
		_, gone := w.CA.Request(t.Context(), mine, id)
		if anothers.Error() != gone.Error() {
			t.Errorf("another's request: %q; none: %q", anothers, gone)
		}
	}
	for _, caller := range []notary.Caller{mine, other} {
		var submitters []int64
		testkit.Check(t, w.CA.EachCertificate(t.Context(), caller, notary.Filter{}, func(c *notary.Certificate) error {
			submitters = append(submitters, c.RequesterID)
			return nil
		}))
		if diff := cmp.Diff([]int64{caller.Principal.ID}, submitters); diff != "" {
			t.Errorf("the list of certificates is of (-want +got):\n%s", diff)
		}
	}
	var ids []int64
	testkit.Check(t, w.CA.EachRequest(t.Context(), mine, notary.Filter{}, func(r *notary.Request) error {
		if r.RequesterID != mine.Principal.ID {
			t.Errorf("the list has another's request %d", r.ID)
		}
		ids = append(ids, r.ID)
		return nil
	}))
	if len(ids) != 1 {
		t.Errorf("the list has %d requests, want 1", len(ids))
	}
}

func TestEventsNameTheCaller(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	manager := w.Caller(notary.CertificateManager)
	manager.Address, manager.RequestID = "2001:db8::7", "abc"
	id, err := w.CA.CreateAuthority(t.Context(), manager, ca.AuthorityOptions{SelfSigned: true,
		Subject: pkix.Name{CommonName: "Root"}, PathLen: -1})
	testkit.Check(t, err)
	all := w.Events(t)
	got := all[len(all)-1]
	want := notary.Event{ID: got.ID, At: w.Clock.Now(), Principal: notary.Ref{Kind: "account", ID: manager.Principal.ID,
		Name: manager.Principal.Name},
		Address: "2001:db8::7", RequestID: "abc", Action: "authority.create",
		Object: notary.Ref{Kind: "authority", ID: id, Name: "Root"},
		After:  notary.Fields{"common_name": "Root", "key": "ECDSA P-256"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the event (-want +got):\n%s", diff)
	}
}
