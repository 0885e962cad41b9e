package ca_test

import (
	"testing"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// A Certificate Manager cannot certify the key of an imported authority as a CA key, even after a second import.
func TestOnlyAdminsCertifyOutsideKeys(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	manager := w.Caller(notary.CertificateManager)
	root := w.Root(t, notary.ECDSAP256)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	refused := func(when string, id int64) {
		t.Helper()
		for what, err := range map[string]error{
			"cross-signed": second(w.CA.CrossSign(t.Context(), manager, id, root, notary.IntermediateProfile)),
			"rolled over":  second(w.CA.RollOver(t.Context(), manager, id, ca.RollOverOptions{})),
		} {
			if notary.KindOf(err) != notary.Forbidden {
				t.Errorf("%s %s: %v", what, when, err)
			}
		}
	}
	id, err := w.CA.ImportAuthority(t.Context(), manager, importOf(t, o))
	testkit.Check(t, err)
	if !authority(t, w, id).KeyKnownOutside || authority(t, w, root).KeyKnownOutside {
		t.Error("the imported authority, and no other, has a key known outside")
	}
	refused("once imported", id)
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), manager, id, true))
	id, err = w.CA.ImportAuthority(t.Context(), manager, importOf(t, o))
	testkit.Check(t, err)
	refused("once imported again", id)

	below, err := w.CA.ImportAuthority(t.Context(), manager,
		importOf(t, testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now()).Intermediate(t, notary.ECDSAP256)))
	testkit.Check(t, err)
	testkit.WantKind(t, w.CA.SignAuthority(t.Context(), manager, below, root), notary.Forbidden)

	_, err = w.CA.CrossSign(t.Context(), w.Admin(), id, root, notary.IntermediateProfile)
	testkit.Check(t, err)
}

func TestOutsideKeyOutlivesItsCertificate(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	manager := w.Caller(notary.CertificateManager)
	root := w.Root(t, notary.ECDSAP256)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	req, err := w.CA.Submit(t.Context(), manager, testkit.CSR(t, o.Key, "leaf.example.com"))
	testkit.Check(t, err)
	id, err := w.CA.ImportAuthority(t.Context(), manager, importOf(t, o))
	testkit.Check(t, err)
	used := authority(t, w, id).Certificate
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), manager, id, true))
	w.Exec(t, `UPDATE certificate SET key_fingerprint = 'damaged' WHERE id = $1`, used.ID)
	testkit.WantKind(t, w.CA.Sign(t.Context(), w.Admin(), req, ca.SignOptions{AuthorityID: root}), notary.Conflict)
	w.Exec(t, `UPDATE certificate SET key_fingerprint = $1 WHERE id = $2`, used.KeyFingerprint, used.ID)
}
