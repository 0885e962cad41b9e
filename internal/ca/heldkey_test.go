package ca_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/issuance"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func authorityKeyOf(t testing.TB, w *testkit.World, id int64) crypto.Signer {
	t.Helper()
	sealed, err := w.Store.SealedKey(t.Context(), id)
	testkit.Check(t, err)
	key, err := w.Keys.Open(t.Context(), sealed, csrKey(t, authority(t, w, id).CSR))
	testkit.Check(t, err)
	return key
}

func responderKey(t testing.TB, w *testkit.World, id int64) crypto.Signer {
	t.Helper()
	responderOf(t, w, w.Revocation, id)
	cert, sealed, err := w.Store.Responder(t.Context(), id)
	testkit.Check(t, err)
	key, err := w.Keys.Open(t.Context(), sealed, parsed(t, cert).PublicKey)
	testkit.Check(t, err)
	return key
}

func heldKeys(t testing.TB, w *testkit.World) map[string]crypto.Signer {
	t.Helper()
	root := w.Root(t, notary.ECDSAP256)
	disabled, deleted, pending := w.Root(t, notary.Ed25519), w.Root(t, notary.ECDSAP384), w.Pending(t)
	deletedPending, former := w.Pending(t), w.Root(t, notary.RSA2048)
	keys := map[string]crypto.Signer{
		"active": authorityKeyOf(t, w, root), "its responder": responderKey(t, w, root),
		"intermediate": authorityKeyOf(t, w, w.Intermediate(t, root, notary.ECDSAP521)),
		"disabled":     authorityKeyOf(t, w, disabled), "pending": authorityKeyOf(t, w, pending),
		"deleted": authorityKeyOf(t, w, deleted), "responder of a deleted one": responderKey(t, w, deleted),
		"deleted while pending": authorityKeyOf(t, w, deletedPending), "rolled over": authorityKeyOf(t, w, former),
	}
	successor, err := w.CA.RollOver(t.Context(), w.Admin(), former, ca.RollOverOptions{})
	testkit.Check(t, err)
	keys["successor"] = authorityKeyOf(t, w, successor)
	testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), disabled, false))
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), deleted, true))
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), deletedPending, true))
	return keys
}

// wantHeld checks that a request for the key and its trial are rejected.
func wantHeld(t testing.TB, w *testkit.World, what, csr string) {
	t.Helper()
	_, err := w.CA.Submit(t.Context(), w.Admin(), csr)
	if notary.KindOf(err) != notary.Conflict ||
		!strings.Contains(err.Error(), "was the key of CA ") {
		t.Errorf("%s: %v", what, err)
	}
	trial, err := w.CA.TryRequest(t.Context(), w.Admin(), csr, "")
	testkit.Check(t, err)
	for _, v := range trial.Verdicts {
		if v.OK == (v.Rule == "authority_key") {
			t.Errorf("%s: verdict %+v", what, v)
		}
	}
}

// Keys of authorities and responders are never certified for end entities, in any encoding, also after an upgrade.
func TestAuthorityKeysAreNotCertified(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	keys := heldKeys(t, w)
	for what, key := range keys {
		wantHeld(t, w, what, testkit.CSR(t, key, "leaf.example.com"))
	}
	for _, v := range testkit.KeyVariants(t, keys["active"]) {
		if v.Related {
			wantHeld(t, w, v.Name, v.CSR(t, "leaf.example.com"))
		}
	}
	w.Exec(t, `DELETE FROM held_key WHERE responder = 0`)
	w.Reopen(t)
	for what, key := range keys {
		wantHeld(t, w, what+", after an upgrade", testkit.CSR(t, key, "leaf.example.com"))
	}
}

// If the key of an earlier request became an authority's key, the request cannot be signed, renewed or reopened, or get
// an uploaded certificate.
func TestKeysOfImportedAuthoritiesAreNotCertified(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	issuer := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	open, rejected := requestFor(t, w, o.Key, "a.example.com"), requestFor(t, w, o.Key, "b.example.com")
	testkit.Check(t, w.CA.Reject(t.Context(), w.Admin(), rejected, ""))
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
	testkit.Check(t, err)
	refused := func(when string) {
		t.Helper()
		var bulk error
		testkit.Check(t, w.CA.SignMany(t.Context(), w.Admin(), ca.Many{IDs: []int64{open}},
			ca.SignOptions{AuthorityID: root},
			func(o ca.Outcome) error { bulk = o.Err; return nil }))
		_, upload := w.CA.Upload(t.Context(), w.Admin(), open, issuer.Chain(t, o.Key.Public()))
		for what, err := range map[string]error{"sign": sign(t, w, open, root), "bulk": bulk, "upload": upload,
			"reopen": w.CA.Reopen(t.Context(), w.Admin(), rejected)} {
			if notary.KindOf(err) != notary.Conflict || !strings.Contains(err.Error(), "was the key") {
				t.Errorf("%s, %s: %v", when, what, err)
			}
		}
	}
	refused("imported")
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), id, true))
	refused("deleted")
	wantStatus(t, w, open, notary.Outstanding)
}

// An authority cannot be imported if its key has a valid end-entity certificate.
func TestCertifiedKeysAreNotImported(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	req := requestFor(t, w, o.Key, "a.example.com")
	testkit.Check(t, sign(t, w, req, root))
	_, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "private_key")
	testkit.WantText(t, err, "end-entity certificate")
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), req, notary.Superseded))
	_, err = w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
	testkit.Check(t, err)
}

func TestAuthorityKeysAreRecertified(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root, other := w.Root(t, notary.ECDSAP256), newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: -1})
	id := w.Intermediate(t, root, notary.ECDSAP256)
	_, err := w.CA.CrossSign(t.Context(), w.Admin(), id, other, notary.IntermediateProfile)
	testkit.Check(t, err)
	testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), id, root))
	_, err = w.CA.RollOver(t.Context(), w.Admin(), root, ca.RollOverOptions{})
	testkit.Check(t, err)
}

func exponent3(t testing.TB) crypto.Signer {
	t.Helper()
	one, three := big.NewInt(1), big.NewInt(3)
	for {
		key, ok := testkit.Key(t, notary.RSA2048).(*rsa.PrivateKey)
		if !ok {
			t.Fatal("this is no RSA key")
		}
		phi := new(big.Int).Mul(new(big.Int).Sub(key.Primes[0], one), new(big.Int).Sub(key.Primes[1], one))
		if d := new(big.Int).ModInverse(three, phi); d != nil {
			small := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: key.N, E: 3}, D: d, Primes: key.Primes}
			small.Precompute()
			return small
		}
	}
}

// An RSA exponent below 65537 requires a profile that allows it, at submission and at signing.
func TestSmallRSAExponents(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	csr := testkit.CSR(t, exponent3(t), "a.example.com")
	_, err := w.CA.Submit(t.Context(), w.Admin(), csr)
	testkit.WantKind(t, err, notary.Invalid)
	testkit.WantField(t, err, "csr")
	testkit.WantText(t, err, "exponent of the RSA key is 3", "min_rsa_exponent")
	rules := issuance.Builtins()[0].Rules
	rules.Keys.MinRSAExponent = 3
	_, err = w.CA.CreateProfile(t.Context(), w.Admin(), "old-devices", rules)
	testkit.Check(t, err)
	id, err := w.CA.Submit(t.Context(), w.Admin(), csr)
	testkit.Check(t, err)
	testkit.WantKind(t, sign(t, w, id, root), notary.Unprocessable)
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root, Profile: "old-devices"}))
}

// A blocked key is rejected wherever a key is certified or imported.
func TestBlockedKeys(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	issuer := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	req := requestFor(t, w, o.Key, "a.example.com")
	fingerprint, err := pki.KeyFingerprint(o.Key.Public())
	testkit.Check(t, err)
	list, err := pki.ReadBlocklist(strings.NewReader(fingerprint))
	testkit.Check(t, err)
	w.CA.BlockKeys(list)
	_, submit := w.CA.Submit(t.Context(), w.Admin(), testkit.CSR(t, o.Key, "b.example.com"))
	_, upload := w.CA.Upload(t.Context(), w.Admin(), req, issuer.Chain(t, o.Key.Public()))
	_, imported := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
	for what, err := range map[string]error{"submit": submit, "sign": sign(t, w, req, root), "upload": upload,
		"import": imported} {
		if notary.KindOf(err) != notary.Invalid || !strings.Contains(err.Error(), "list of blocked keys") {
			t.Errorf("%s: %v", what, err)
		}
	}
	w.CA.BlockKeys(&pki.Blocklist{})
	testkit.Check(t, sign(t, w, req, root))
}

// Valid certificates with a blocked key, in any encoding, or a compromised one are logged and shown on the overview
// until they are revoked.
func TestBlockedKeysInUseAreReported(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	var written testkit.Buffer
	node, err := testkit.OpenNode(t.Context(), w.Store, w.Keys,
		testkit.NodeOptions{Now: w.Clock.Now, Log: slog.New(slog.NewTextHandler(&written, nil))})
	testkit.Check(t, err)
	s := node.CA
	root := w.Root(t, notary.ECDSAP256)
	want := func(what string, requests ...int64) {
		t.Helper()
		o, err := s.Overview(t.Context(), w.Caller(notary.ReadOnly))
		testkit.Check(t, err)
		var got []int64
		for _, c := range o.Blocked {
			got = append(got, c.RequestID)
		}
		if !slices.Equal(got, requests) || o.BlockedMore {
			t.Errorf("%s: the overview has the certificates of the requests %d, want %d", what, got, requests)
		}
	}
	blocked, compromised := testkit.Key(t, notary.ECDSAP256), testkit.Key(t, notary.ECDSAP256)
	listed, left := requestFor(t, w, blocked, "a.example.com"), requestFor(t, w, compromised, "b.example.com")
	for _, id := range []int64{listed, left} {
		testkit.Check(t, sign(t, w, id, root))
	}
	testkit.Check(t, s.FindBlockedKeys(t.Context()))
	want("before")
	spki, err := x509.MarshalPKIXPublicKey(blocked.Public()) // half of these are not canonical
	testkit.Check(t, err)
	list, err := pki.ReadBlocklist(strings.NewReader(pki.Fingerprint(spki)))
	testkit.Check(t, err)
	s.BlockKeys(list)
	testkit.Check(t, s.FindBlockedKeys(t.Context()))
	want("with the list", listed)
	fingerprint, err := pki.KeyFingerprint(compromised.Public())
	testkit.Check(t, err)
	w.Exec(t, `INSERT INTO compromised_key (fingerprint, reported_at) VALUES ($1, 1)`, fingerprint)
	w.Clock.Advance(2 * time.Minute)
	want("with a compromised key", listed, left)
	testkit.Check(t, s.FindBlockedKeys(t.Context()))
	if text := written.String(); !strings.Contains(text, "blocked or compromised keys") ||
		!strings.Contains(text, "certificates=2") {
		t.Errorf("log:\n%s", text)
	}
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), listed, notary.KeyCompromise))
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), left, notary.Superseded))
	want("after their revocation")
}
