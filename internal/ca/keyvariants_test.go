package ca_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"log/slog"
	"slices"
	"testing"

	"notary"
	"notary/internal/pki"
	"notary/internal/store"
	"notary/internal/testkit"
)

var variantAlgorithms = []notary.KeyAlgorithm{notary.ECDSAP256, notary.Ed25519, notary.RSA2048}

func certified(t *testing.T, w *testkit.World, root int64, alg notary.KeyAlgorithm) (crypto.Signer, int64) {
	t.Helper()
	key := testkit.Key(t, alg)
	id := requestFor(t, w, key, "victim.example.com")
	testkit.Check(t, sign(t, w, id, root))
	return key, id
}

// A compromised key cannot be used again in another encoding, or as another public key of the same private key.
func TestCompromisedKeyVariants(t *testing.T) {
	t.Parallel()
	for _, alg := range variantAlgorithms {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			root := w.Root(t, notary.ECDSAP256)
			key, id := certified(t, w, root, alg)
			testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.KeyCompromise))
			for _, v := range testkit.KeyVariants(t, key) {
				text := v.CSR(t, "again.example.com")
				if _, err := w.CA.Submit(t.Context(), w.Admin(), text); notary.KindOf(err) != variantRefusal(v) {
					t.Errorf("%s: got error %v", v.Name, err)
				}
				if !v.Related {
					continue
				}
				trial, err := w.CA.TryRequest(t.Context(), w.Admin(), text, "")
				testkit.Check(t, err)
				if !slices.ContainsFunc(trial.Verdicts, func(v notary.Verdict) bool {
					return v.Rule == "compromised_key" && !v.OK
				}) {
					t.Errorf("%s: the trial returned %+v", v.Name, trial.Verdicts)
				}
			}
		})
	}
}

func variantRefusal(v testkit.KeyVariant) notary.Kind {
	if v.Related {
		return notary.Conflict
	}
	return notary.Invalid
}

func TestKeyCompromiseRevokesRelatedKeys(t *testing.T) {
	t.Parallel()
	for _, alg := range variantAlgorithms {
		w := testkit.New(t)
		root := w.Root(t, notary.ECDSAP256)
		key, id := certified(t, w, root, alg)
		other, err := w.CA.Submit(t.Context(), w.Admin(), relatedKey(t, key).CSR(t, "other.example.com"))
		testkit.Check(t, err)
		testkit.Check(t, sign(t, w, other, root))
		cert := request(t, w, other).Certificate
		testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.KeyCompromise))
		wantReasons(t, w, map[*notary.Certificate]notary.RevocationReason{cert: notary.KeyCompromise})
	}
}

func relatedKey(t *testing.T, key crypto.Signer) testkit.KeyVariant {
	t.Helper()
	for _, v := range testkit.KeyVariants(t, key) {
		if v.Related {
			return v
		}
	}
	t.Fatal("the key has no related one")
	return testkit.KeyVariant{}
}

// A certificate whose key is in a non-canonical encoding is rejected where it would be used; one issued earlier is
// recorded under the key's identity.
func TestCertificatesWithVariantsOfAKey(t *testing.T) {
	t.Parallel()
	for _, alg := range variantAlgorithms {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			root := w.Root(t, notary.ECDSAP256)
			outside := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
			key, id := certified(t, w, root, alg)
			held, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, outside))
			testkit.Check(t, err)
			testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.KeyCompromise))
			for _, v := range testkit.KeyVariants(t, key) {
				if _, err := x509.ParsePKIXPublicKey(v.SPKI); err != nil {
					continue // no certificate with it can be parsed
				}
				cert := v.Certificate(t, outside)
				done, err := w.CA.ImportCertificates(t.Context(), w.Admin(), held, testkit.PEM(cert))
				testkit.Check(t, err)
				if done.Imported != 1 || done.Revoked != 1 {
					t.Errorf("%s: the import returned %+v", v.Name, done)
				}
			}
		})
	}
}

func TestUploadRefusesNonCanonicalKeys(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	for _, alg := range variantAlgorithms {
		key := testkit.Key(t, alg)
		id := requestFor(t, w, key, "uploaded.example.com")
		for _, v := range testkit.KeyVariants(t, key) {
			if _, err := x509.ParsePKIXPublicKey(v.SPKI); err != nil {
				continue
			}
			chain := testkit.PEM(append([]*x509.Certificate{v.Certificate(t, outside)}, outside.Authorities()...)...)
			_, err := w.CA.Upload(t.Context(), w.Admin(), id, chain)
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantField(t, err, "certificate")
		}
	}
}

func TestImportRefusesARelatedKey(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, outside))
	testkit.Check(t, err)
	related := testkit.RelatedRoot(t, outside)
	_, err = w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, related))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "private_key")
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), id, true))
	_, err = w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, related))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "private_key")
}

// An upgraded database rejects its compromised keys in every encoding.
func TestUpgradeMakesKeyFingerprintsCanonical(t *testing.T) {
	t.Parallel()
	testkit.EachReleased(t, func(t *testing.T, r *testkit.Released) {
		w := r.World(t)
		compromised := 0
		for _, c := range inventory(t, w) {
			fingerprint := pki.CertificateKeyFingerprint(parsed(t, c))
			if c.KeyFingerprint != fingerprint {
				t.Errorf("certificate %d: the key has the fingerprint %s, want %s", c.ID, c.KeyFingerprint, fingerprint)
			}
			if c.Revocation == nil || c.Revocation.Reason != notary.KeyCompromise {
				continue
			}
			compromised++
			if found, err := w.Store.Compromised(t.Context(), fingerprint); err != nil || !found {
				t.Errorf("certificate %d: the key is not known as compromised (%v)", c.ID, err)
			}
		}
		if compromised == 0 {
			t.Error("the released database has no compromised key")
		}
	})
}

func outdate(t *testing.T, w *testkit.World) {
	t.Helper()
	for _, c := range inventory(t, w) {
		former := pki.Fingerprint(parsed(t, c).RawSubjectPublicKeyInfo)
		w.Exec(t, `UPDATE certificate SET key_fingerprint = $1 WHERE id = $2`, former, c.ID)
		w.Exec(t, `UPDATE compromised_key SET fingerprint = $1 WHERE fingerprint = $2`, former, c.KeyFingerprint)
	}
	w.Exec(t, `INSERT INTO agreement (name, value) VALUES ('key fingerprints are canonical up to certificate', '0')`)
}

// Whichever point a compromised key was recorded as, the other one is rejected after an upgrade, on every node.
func TestUpgradeOfCompromisedKeys(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	var keys []crypto.Signer
	for range 4 {
		for _, alg := range variantAlgorithms {
			key, id := certified(t, w, root, alg)
			keys = append(keys, key)
			testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.KeyCompromise))
		}
	}
	want := inventory(t, w)
	outdate(t, w)
	nodes := make([]*testkit.Node, 3)
	for _, err := range testkit.Race(len(nodes), func(i int) (err error) {
		nodes[i], err = startNode(t.Context(), w, w.Store)
		return err
	}) {
		testkit.Check(t, err)
	}
	for id, c := range inventory(t, w) {
		if c.KeyFingerprint != want[id].KeyFingerprint {
			t.Errorf("certificate %d: the key has the fingerprint %s, want %s", id, c.KeyFingerprint,
				want[id].KeyFingerprint)
		}
	}
	for _, key := range keys {
		_, err := nodes[0].CA.Submit(t.Context(), w.Admin(), relatedKey(t, key).CSR(t, "again.example.com"))
		testkit.WantKind(t, err, notary.Conflict)
		_, err = nodes[0].CA.Submit(t.Context(), w.Admin(), testkit.CSR(t, key, "again.example.com"))
		testkit.WantKind(t, err, notary.Conflict)
	}
	if pending, err := w.Store.Agreed(t.Context(), "key fingerprints are canonical up to certificate"); err != nil ||
		pending != "" {
		t.Errorf("the upgrade is pending after certificate %s (%v)", pending, err)
	}
}

func startNode(ctx context.Context, w *testkit.World, s *store.Store) (*testkit.Node, error) {
	return testkit.OpenNode(ctx, s, w.Keys, testkit.NodeOptions{Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler)})
}

// A key fingerprint that was not computed from its certificate is not changed.
func TestUpgradeLeavesDamagedRows(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	_, id := certified(t, w, root, notary.ECDSAP256)
	cert := request(t, w, id).Certificate
	outdate(t, w)
	w.Exec(t, `UPDATE certificate SET key_fingerprint = 'damaged' WHERE id = $1`, cert.ID)
	w.Reopen(t)
	if got := inventory(t, w)[cert.ID].KeyFingerprint; got != "damaged" {
		t.Errorf("the fingerprint is %s", got)
	}
}
