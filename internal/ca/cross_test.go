package ca_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"
	"testing"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/pki"
	"notary/internal/testkit"
)

// named creates a root, or an authority signed by the issuer.
func named(t testing.TB, w *testkit.World, name string, issuer int64, edits ...func(*ca.AuthorityOptions)) int64 {
	t.Helper()
	o := ca.AuthorityOptions{SelfSigned: issuer == 0, Subject: pkix.Name{CommonName: name}, PathLen: -1}
	for _, edit := range edits {
		edit(&o)
	}
	id := newAuthority(t, w, o)
	if issuer != 0 {
		testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), id, issuer))
	}
	return id
}

func crossSign(t testing.TB, w *testkit.World, id, issuer int64) int64 {
	t.Helper()
	cert, err := w.CA.CrossSign(t.Context(), w.Admin(), id, issuer, notary.IntermediateProfile)
	testkit.Check(t, err)
	return cert
}

func certificatesOf(t testing.TB, w *testkit.World, id int64) (ids []int64, inUse int64) {
	t.Helper()
	all, inUse, err := w.CA.AuthorityCertificates(t.Context(), w.Admin(), id)
	testkit.Check(t, err)
	for _, c := range all {
		ids = append(ids, c.ID)
	}
	return ids, inUse
}

// chainsOf returns the chains of a certificate. Go must accept each with only its last certificate as a root.
func chainsOf(t testing.TB, w *testkit.World, certID int64) (chains [][]string) {
	t.Helper()
	found, all, err := w.CA.Chains(t.Context(), w.Admin(), certID)
	testkit.Check(t, err)
	if !all {
		t.Error("not all chains were found")
	}
	for _, chain := range found {
		if chain.Problem != "" {
			t.Errorf("%v: %s", chain.Names, chain.Problem)
		}
		verify(t, w, &notary.Certificate{DER: chain.Certificates[0],
			Issuers: notary.NewIssuers(chain.Certificates[min(1, len(chain.Certificates)-1):]...)})
		chains = append(chains, chain.Names[1:])
	}
	return chains
}

func leaf(t testing.TB, w *testkit.World, issuer int64) *notary.Certificate {
	t.Helper()
	return request(t, w, w.Signed(t, w.Admin(), issuer)).Certificate
}

func wantChains(t testing.TB, got [][]string, want ...[]string) {
	t.Helper()
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the chains are %v, want %v", got, want)
	}
}

// An authority with two certificates has two chains. Either certificate can become the current one for new signatures.
func TestCrossSign(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	one, two := named(t, w, "One", 0), named(t, w, "Two", 0)
	lower := named(t, w, "Lower", one)
	before := leaf(t, w, lower)
	first := authority(t, w, lower).Certificate
	cross := crossSign(t, w, lower, two)
	ids, inUse := certificatesOf(t, w, lower)
	if !slices.Equal(ids, []int64{first.ID, cross}) || inUse != first.ID {
		t.Errorf("the certificates are %v, and the current one is %d", ids, inUse)
	}
	wantChains(t, chainsOf(t, w, before.ID), []string{"Lower", "One"}, []string{"Lower", "Two"})

	testkit.Check(t, w.CA.UseCertificate(t.Context(), w.Admin(), lower, cross))
	testkit.Check(t, w.CA.UseCertificate(t.Context(), w.Admin(), lower, cross)) // it already is
	if a := authority(t, w, lower); a.Certificate.ID != cross || a.IssuerID() != two {
		t.Errorf("the current certificate is %d, from %d", a.Certificate.ID, a.IssuerID())
	}
	after := leaf(t, w, lower)
	if !bytes.Equal(after.Issuers.DER()[0], authority(t, w, lower).Certificate.DER) {
		t.Error("the new chain does not begin with the current certificate")
	}
	wantChains(t, chainsOf(t, w, after.ID), []string{"Lower", "Two"}, []string{"Lower", "One"})
	fetchCRL(t, w, lower)
	bundle, err := w.Issuers.Bundle(t.Context(), lower)
	testkit.Check(t, err)
	if len(bundle.Certificates) != 4 || !bytes.Equal(bundle.Certificates[0], authority(t, w, lower).Certificate.DER) {
		t.Errorf("%d certificates are published", len(bundle.Certificates))
	}
	testkit.Check(t, w.CA.UseCertificate(t.Context(), w.Admin(), lower, first.ID))
}

// Roots can be cross-signed, even by each other. Chains contain no loops.
func TestCrossSignRoots(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	one, two, three := named(t, w, "One", 0), named(t, w, "Two", 0), named(t, w, "Three", 0)
	crossSign(t, w, one, two)
	crossSign(t, w, two, three)
	back := crossSign(t, w, two, one)
	certificate := leaf(t, w, one)
	wantChains(t, chainsOf(t, w, certificate.ID), []string{"One"}, []string{"One", "Two"},
		[]string{"One", "Two", "Three"})
	wantChains(t, chainsOf(t, w, authority(t, w, one).Certificate.ID), nil)
	wantChains(t, chainsOf(t, w, leaf(t, w, three).ID), []string{"Three"})
	// Two roots whose current certificates are signed by each other can still sign.
	testkit.Check(t, w.CA.UseCertificate(t.Context(), w.Admin(), two, back))
	leaf(t, w, one)
	leaf(t, w, two)
	// A root's self-signed certificate cannot be revoked, whether it is current or not.
	own, _ := certificatesOf(t, w, two)
	err := w.RevokeCertificate(t.Context(), w.Admin(), own[0], notary.Superseded)
	testkit.WantKind(t, err, notary.Unprocessable)
	// Nor is it counted in the impact.
	if impact := impactOf(t, w, three); len(impact.Authorities) != 2 || !impact.Authorities[0].Elsewhere ||
		!impact.Authorities[1].Elsewhere {
		t.Errorf("the impact is %+v", impact)
	}
}

func TestCrossSignErrors(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := named(t, w, "Root", 0)
	lower := named(t, w, "Lower", root)
	lowest := named(t, w, "Lowest", lower)
	short := named(t, w, "Short", 0, func(o *ca.AuthorityOptions) { o.PathLen = 0 })
	narrow := named(t, w, "Narrow", 0, func(o *ca.AuthorityOptions) {
		o.Constraints.Permitted.DNS = []string{"example.com"}
	})
	wide := named(t, w, "Wide One", root, func(o *ca.AuthorityOptions) {
		o.Constraints.Permitted.DNS = []string{"com"}
	})
	disabled := named(t, w, "Disabled", 0)
	testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), disabled, false))
	revoked := named(t, w, "Revoked", root)
	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), revoked, notary.Superseded))
	namesake := named(t, w, "Lower", 0)
	for name, tt := range map[string]struct {
		id, issuer int64
		profile    string
		kind       notary.Kind
		want       string
	}{
		"by itself":            {lower, lower, "intermediate", notary.Conflict, "by itself or a subordinate"},
		"by one below":         {lower, lowest, "intermediate", notary.Conflict, "by itself or a subordinate"},
		"pending":              {w.Pending(t), root, "intermediate", notary.Conflict, "has no certificate yet"},
		"revoked":              {revoked, root, "intermediate", notary.Conflict, "is revoked"},
		"by a disabled one":    {lower, disabled, "intermediate", notary.Conflict, "is disabled"},
		"path length":          {lower, short, "intermediate", notary.Unprocessable, "subordinate CAs"},
		"wider constraints":    {wide, narrow, "intermediate", notary.Unprocessable, "wider"},
		"a profile for leaves": {lower, root, "server", notary.Unprocessable, "not for CAs"},
		"by a namesake":        {lower, namesake, "intermediate", notary.Unprocessable, "the subject of the CA itself"},
	} {
		_, err := w.CA.CrossSign(t.Context(), w.Admin(), tt.id, tt.issuer, tt.profile)
		if notary.KindOf(err) != tt.kind {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		testkit.WantText(t, err, tt.want)
	}
	if ids, _ := certificatesOf(t, w, lower); len(ids) != 1 {
		t.Errorf("there are the certificates %v", ids)
	}
}

// An uploaded cross-certificate must match the authority's other certificates.
func TestUploadCross(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	lower := named(t, w, "Lower", named(t, w, "Root", 0))
	own := parsed(t, authority(t, w, lower).Certificate)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	chain := func(edits ...func(*x509.Certificate)) string {
		edits = append([]func(*x509.Certificate){func(c *x509.Certificate) {
			c.Subject, c.RawSubject, c.SubjectKeyId = own.Subject, own.RawSubject, own.SubjectKeyId
			c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
		}}, edits...)
		return outside.Chain(t, own.PublicKey, edits...)
	}
	for name, tt := range map[string]struct{ chain, want string }{
		"another subject": {chain(func(c *x509.Certificate) {
			c.RawSubject, c.Subject = nil, pkix.Name{CommonName: "Other"}
		}), "subject differs"},
		"another key identifier": {chain(func(c *x509.Certificate) {
			c.SubjectKeyId = []byte("other")
		}), "subject key identifier (6F74686572) differs"},
		"another key": {outside.Chain(t, testkit.Key(t, notary.ECDSAP256).Public()),
			"not for the request's key"},
		"no CA": {chain(func(c *x509.Certificate) {
			c.IsCA, c.MaxPathLen = false, 0
		}), "not a CA certificate"},
		"nothing": {"", "not a certificate chain"},
	} {
		_, err := w.CA.UploadCross(t.Context(), w.Admin(), lower, tt.chain)
		if notary.KindOf(err) != notary.Invalid {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		testkit.WantField(t, err, "certificate_chain")
		testkit.WantText(t, err, tt.want)
	}
	good := chain()
	id, err := w.CA.UploadCross(t.Context(), w.Admin(), lower, good)
	testkit.Check(t, err)
	_, err = w.CA.UploadCross(t.Context(), w.Admin(), lower, good)
	testkit.WantKind(t, err, notary.Conflict)
	wantChains(t, chainsOf(t, w, leaf(t, w, lower).ID), []string{"Lower", "Root"},
		[]string{"Lower", outside.Certificate.Subject.CommonName})
	testkit.Check(t, w.CA.UseCertificate(t.Context(), w.Admin(), lower, id))
	wantChains(t, chainsOf(t, w, leaf(t, w, lower).ID), []string{"Lower", outside.Certificate.Subject.CommonName},
		[]string{"Lower", "Root"})
}

// Only a certificate of the authority that relying parties would accept can become current.
func TestUseCertificateErrors(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	one, two, three := named(t, w, "One", 0), named(t, w, "Two", 0), named(t, w, "Three", 0)
	middle := named(t, w, "Middle", three)
	lower := named(t, w, "Lower", one)
	revoked, above := crossSign(t, w, lower, two), crossSign(t, w, lower, middle)
	testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), revoked, notary.Superseded))
	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), middle, notary.Superseded))
	soon := named(t, w, "Soon", 0, func(o *ca.AuthorityOptions) { o.NotAfter = w.Clock.Now().Add(time.Hour) })
	expired := crossSign(t, w, lower, soon)
	w.Clock.Advance(2 * time.Hour)
	for name, tt := range map[string]struct {
		cert int64
		kind notary.Kind
		want string
	}{
		"a revoked one":       {revoked, notary.Conflict, "is revoked"},
		"below a revoked one": {above, notary.Conflict, "is revoked"},
		"an expired one":      {expired, notary.Conflict, "expired"},
		"another authority's": {authority(t, w, two).Certificate.ID, notary.Unprocessable,
			"does not belong to the CA"},
		"a leaf certificate":     {leaf(t, w, lower).ID, notary.Unprocessable, "does not belong to the CA"},
		"an unknown certificate": {nothing, notary.NotFound, "no certificate"},
		"a leaf certificate with the key": {leafWithKeyOf(t, w, lower, two), notary.Unprocessable,
			"does not belong to the CA"},
	} {
		err := w.CA.UseCertificate(t.Context(), w.Admin(), lower, tt.cert)
		if notary.KindOf(err) != tt.kind {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		testkit.WantText(t, err, tt.want)
		testkit.WantField(t, err, "certificate_id")
	}
	// None of them is part of a chain.
	wantChains(t, chainsOf(t, w, leaf(t, w, lower).ID), []string{"Lower", "One"})
}

// leafWithKeyOf signs the authority's own CSR as a request, which an earlier version permitted.
func leafWithKeyOf(t *testing.T, w *testkit.World, id, issuer int64) int64 {
	t.Helper()
	w.Exec(t, `DELETE FROM held_key WHERE authority_id = $1`, id)
	requestID, err := w.CA.Submit(t.Context(), w.Admin(), authority(t, w, id).CSR)
	testkit.Check(t, err)
	testkit.Check(t, sign(t, w, requestID, issuer))
	return request(t, w, requestID).Certificate.ID
}

// Revoking an authority revokes all its certificates, each on its issuer's CRL. A cross-certificate can be revoked
// individually.
func TestRevokeCross(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	one, two, three := named(t, w, "One", 0), named(t, w, "Two", 0), named(t, w, "Three", 0)
	lower := named(t, w, "Lower", one)
	second, third := crossSign(t, w, lower, two), crossSign(t, w, lower, three)
	first := authority(t, w, lower).Certificate
	certificate := leaf(t, w, lower)

	testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), third, notary.Superseded))
	wantAuthority(t, w, lower, notary.AuthorityActive)
	wantChains(t, chainsOf(t, w, certificate.ID), []string{"Lower", "One"}, []string{"Lower", "Two"})
	bundle, err := w.Issuers.Bundle(t.Context(), lower)
	testkit.Check(t, err)
	if len(bundle.Certificates) != 4 {
		t.Errorf("%d certificates are published after one was revoked", len(bundle.Certificates))
	}

	events := w.EventsOf(t, func() {
		testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), lower, notary.CessationOfOperation))
	})
	if !slices.Equal(events, []string{"certificate.revoke", "certificate.revoke", "authority.revoke"}) {
		t.Errorf("the events are %v", events)
	}
	all := inventory(t, w)
	wantReasons(t, w, map[*notary.Certificate]notary.RevocationReason{all[first.ID]: notary.CessationOfOperation,
		all[second]: notary.CessationOfOperation, all[third]: notary.Superseded})
	wantAuthority(t, w, lower, notary.AuthorityRevoked)
	chains, _, err := w.CA.Chains(t.Context(), w.Admin(), certificate.ID)
	testkit.Check(t, err)
	if len(chains) != 0 {
		t.Errorf("there still are the chains %v", chains)
	}
}

func TestChainWithAProblem(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	one := named(t, w, "One", 0)
	lower := named(t, w, "Lower One", one)
	id, err := w.CA.Submit(t.Context(), w.Admin(), testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.net"))
	testkit.Check(t, err)
	testkit.Check(t, sign(t, w, id, lower))
	narrow := named(t, w, "Narrow", 0, func(o *ca.AuthorityOptions) {
		o.Constraints.Permitted.DNS = []string{"example.com"}
	})
	crossSign(t, w, lower, narrow)
	chains, all, err := w.CA.Chains(t.Context(), w.Admin(), request(t, w, id).Certificate.ID)
	testkit.Check(t, err)
	if len(chains) != 2 || !all || chains[0].Problem != "" || chains[1].Names[2] != "Narrow" {
		t.Fatalf("the chains are %+v", chains)
	}
	testkit.WantText(t, notary.Errorf(notary.Invalid, "%s", chains[1].Problem), "name constraints")
}

// The search for chains is bounded, however many certificates the authorities have.
func TestChainsOfMany(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	upper := named(t, w, "Upper", named(t, w, "Root", 0))
	lower := named(t, w, "Lower", upper)
	for range 6 { // renewals: each adds a path
		testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), upper, 1))
		testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), lower, upper))
	}
	chains, all, err := w.CA.Chains(t.Context(), w.Admin(), leaf(t, w, lower).ID)
	testkit.Check(t, err)
	if len(chains) != 32 || all {
		t.Errorf("%d chains were found, all: %v", len(chains), all)
	}
	if chain, err := pki.ParseChain(chains[0].PEM()); err != nil || len(chain) != 4 {
		t.Errorf("a chain of %d (%v)", len(chain), err)
	}
}

// A cross-certificate on the imported CRL of its issuer is rejected; any other can be revoked here.
func TestUploadCrossOfAnImportedIssuer(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	lower := named(t, w, "Lower", named(t, w, "Root", 0))
	own := parsed(t, authority(t, w, lower).Certificate)
	further := func() *x509.Certificate {
		return o.Issue(t, own.PublicKey, func(c *x509.Certificate) {
			c.RawSubject, c.SubjectKeyId, c.IsCA, c.KeyUsage = own.RawSubject, own.SubjectKeyId, true, own.KeyUsage
		})
	}
	revoked, good := further(), further()
	in := importOf(t, o)
	in.CRL = lastCRL(t, w, o, 1, notary.Revocation{Serial: pki.SerialString(revoked.SerialNumber), At: w.Clock.Now(),
		Reason: notary.Superseded})
	issuer, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	_, err = w.CA.UploadCross(t.Context(), w.Admin(), lower, testkit.PEM(revoked, o.Certificate))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "certificate_chain")
	id, err := w.CA.UploadCross(t.Context(), w.Admin(), lower, testkit.PEM(good, o.Certificate))
	testkit.Check(t, err)
	testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), id, notary.Superseded))
	if listed(fetchCRL(t, w, issuer), pki.SerialString(good.SerialNumber)) == nil {
		t.Error("it is not on its issuer's list")
	}
}
