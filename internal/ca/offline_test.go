package ca_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/pki"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

func register(t testing.TB, w *testkit.World, o *testkit.Outside, crl []byte) int64 {
	t.Helper()
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(),
		ca.Import{Offline: true, Chain: testkit.PEM(o.Authorities()...), CRL: crl})
	testkit.Check(t, err)
	return id
}

func below(t testing.TB, w *testkit.World, o *testkit.Outside) int64 {
	t.Helper()
	id := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1})
	public, err := pki.RequestKey(authority(t, w, id).CSR)
	testkit.Check(t, err)
	_, err = w.CA.UploadAuthority(t.Context(), w.Admin(), id, o.Chain(t, public, func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	}))
	testkit.Check(t, err)
	return id
}

func uploadCRL(t testing.TB, w *testkit.World, id int64, der []byte) (*ca.UploadedCRL, error) {
	t.Helper()
	return w.CA.UploadCRL(t.Context(), w.Admin(), id, ca.CRLUpload{CRL: der})
}

// signCRL signs an unsigned CRL as an offline machine would.
func signCRL(t testing.TB, o *testkit.Outside, tbs []byte, hash crypto.Hash) []byte {
	t.Helper()
	signature, err := crypto.SignMessage(o.Key, rand.Reader, tbs, hash)
	testkit.Check(t, err)
	return signature
}

func verifyCRL(t testing.TB, der []byte, issuer *x509.Certificate) {
	t.Helper()
	dir := t.TempDir()
	list, root := filepath.Join(dir, "list.crl"), filepath.Join(dir, "root.pem")
	testkit.Check(t, os.WriteFile(list, der, 0o600))
	testkit.Check(t, os.WriteFile(root, []byte(testkit.PEM(issuer)), 0o600))
	out, err := exec.CommandContext(t.Context(), "openssl", "crl", "-inform", "DER", "-in", list, "-CAfile", root,
		"-verify", "-noout").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "verify OK") {
		t.Errorf("openssl crl: %v\n%s", err, out)
	}
}

// An offline root is registered, an issuing CA below it is revoked, its CRL is exported, signed elsewhere and
// uploaded, and OpenSSL accepts it.
func TestOfflineRoot(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	for _, alg := range []notary.KeyAlgorithm{notary.ECDSAP256, notary.ECDSAP384, notary.RSA2048, notary.Ed25519} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			o := testkit.OutsideRoot(t, alg, w.Clock.Now())
			sub, kept := below(t, w, o), below(t, w, o)
			root := register(t, w, o, nil)
			if a := authority(t, w, root); !a.Offline || !a.SelfSigned() || a.CSR != "" || a.CanSign(w.Clock.Now()) {
				t.Errorf("registered %+v", a)
			}
			if got := authority(t, w, sub).IssuerID(); got != root {
				t.Errorf("the issuer of the issuing CA is %d, want %d", got, root)
			}
			testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), sub, notary.CACompromise))
			serial := authority(t, w, sub).Certificate.Serial
			state := authorityState(t, w, root)
			if !state.CRLDue || state.Unpublished != 1 {
				t.Errorf("before the CRL: due %v, %d unpublished", state.CRLDue, state.Unpublished)
			}
			_, err := w.Revocation.PublishedCRL(t.Context(), root, 0)
			testkit.WantKind(t, err, notary.Conflict)
			testkit.WantText(t, err, "no CRL has been uploaded")

			unsigned, err := w.CA.UnsignedCRL(t.Context(), w.Admin(), root, time.Time{})
			testkit.Check(t, err)
			w.Clock.Advance(time.Hour)
			upload := ca.CRLUpload{Unsigned: unsigned.TBS, Signature: signCRL(t, o, unsigned.TBS, unsigned.Hash)}
			var done *ca.UploadedCRL
			events := w.EventsOf(t, func() {
				done, err = w.CA.UploadCRL(t.Context(), w.Admin(), root, upload)
				testkit.Check(t, err)
			})
			if diff := cmp.Diff([]string{"authority.upload_crl"}, events); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if done.Number != unsigned.Number || done.Entries != 1 || done.Added != 0 {
				t.Errorf("uploaded %+v", done)
			}
			crl, err := w.Revocation.PublishedCRL(t.Context(), root, 0)
			testkit.Check(t, err)
			verifyCRL(t, crl.DER, o.Certificate)
			if says, ok := opensslAccepts(t, w.Clock.Now(), authority(t, w, kept).Certificate, crl); !ok {
				t.Errorf("openssl rejects the other CA: %s", says)
			}
			says, ok := opensslAccepts(t, w.Clock.Now(), authority(t, w, sub).Certificate, crl)
			if ok {
				t.Error("openssl accepts the revoked CA")
			}
			if !strings.Contains(says, "certificate revoked") {
				t.Errorf("openssl says %s", says)
			}
			if listed(fetchCRL(t, w, root), serial) == nil {
				t.Error("the API's CRL does not list the revoked CA")
			}
			if state := authorityState(t, w, root); state.CRLDue || state.Unpublished != 0 || state.CRLNumber != done.Number {
				t.Errorf("after the upload: %+v", state)
			}
			testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))

			// It is still published after a restart, and by jobs that renew CRLs.
			w.Reopen(t)
			testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
			again, err := w.Revocation.PublishedCRL(t.Context(), root, 0)
			testkit.Check(t, err)
			if again.Number != crl.Number {
				t.Errorf("after a restart the CRL %d is published, want %d", again.Number, crl.Number)
			}
			w.Clock.Advance(179 * 24 * time.Hour)
			if !authorityState(t, w, root).CRLDue {
				t.Error("a day before its end the CRL is not due")
			}
			w.Clock.Advance(48 * time.Hour)
			_, err = w.Revocation.PublishedCRL(t.Context(), root, 0) // better than none
			testkit.Check(t, err)
		})
	}
}

// After a restore, only the last published CRL or a newer one can be uploaded.
func TestSQLiteOfflineCRLAfterARestore(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	root := register(t, w, o, nil)
	var lists [][]byte
	for range 2 {
		w.Clock.Advance(time.Hour)
		unsigned, err := w.CA.UnsignedCRL(t.Context(), w.Admin(), root, time.Time{})
		testkit.Check(t, err)
		list, err := pki.JoinCRL(unsigned.TBS, signCRL(t, o, unsigned.TBS, unsigned.Hash))
		testkit.Check(t, err)
		lists = append(lists, list)
	}
	restore := backUp(t, w)
	_, err := uploadCRL(t, w, root, lists[1])
	testkit.Check(t, err)
	restore(w.Database)
	_, err = uploadCRL(t, w, root, lists[0])
	testkit.WantKind(t, err, notary.Conflict)
	_, err = uploadCRL(t, w, root, lists[1])
	testkit.Check(t, err)
}

func authorityState(t testing.TB, w *testkit.World, id int64) *notary.AuthorityState {
	t.Helper()
	state, err := w.CA.AuthorityState(t.Context(), w.Admin(), id)
	testkit.Check(t, err)
	return state
}

// A CRL that comes with the registration may lack revocations that were recorded before.
func TestRegisterAgainWithAnOldCRL(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	sub := below(t, w, o)
	root := register(t, w, o, lastCRL(t, w, o, 5))
	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), sub, notary.CACompromise))
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), root, true))
	w.Clock.Advance(time.Minute)
	again := register(t, w, o, lastCRL(t, w, o, 6))
	if state := authorityState(t, w, again); state.Unpublished != 1 || !state.CRLDue {
		t.Errorf("the state is %+v, want a revocation that is not published", state)
	}
}

func TestUploadWithAFormerReason(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	sub := below(t, w, o)
	entry := notary.Revocation{Serial: authority(t, w, sub).Certificate.Serial, At: w.Clock.Now().Add(-time.Hour),
		Reason: notary.CertificateHold}
	root := register(t, w, o, lastCRL(t, w, o, 5, entry))
	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), sub, notary.KeyCompromise))
	w.Clock.Advance(time.Minute)
	_, err := uploadCRL(t, w, root, lastCRL(t, w, o, 6, entry))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "an outdated reason for 1 revocation", entry.Serial)
	entry.Reason = notary.KeyCompromise
	testkit.Check(t, second(uploadCRL(t, w, root, lastCRL(t, w, o, 6, entry))))
}

// An external CRL, such as from openssl ca, is published; new entries become revocations.
func TestUploadForeignCRL(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	at := w.Clock.Now().Add(-time.Hour)
	first := notary.Revocation{Serial: "0a0b", At: at, Reason: notary.Superseded}
	sub := below(t, w, o)
	root := register(t, w, o, lastCRL(t, w, o, 5, first))
	crl, err := w.Revocation.PublishedCRL(t.Context(), root, 0)
	testkit.Check(t, err)
	if crl.Number != 5 {
		t.Errorf("the CRL %d is published, want that sent with the registration", crl.Number)
	}
	serial := authority(t, w, sub).Certificate.Serial
	w.Clock.Advance(time.Minute)
	done, err := uploadCRL(t, w, root, lastCRL(t, w, o, 6, first,
		notary.Revocation{Serial: serial, At: at, Reason: notary.CACompromise},
		notary.Revocation{Serial: "0c", At: at, Reason: notary.Superseded}))
	testkit.Check(t, err)
	if done.Added != 2 || done.Entries != 3 {
		t.Errorf("uploaded %+v, want 3 entries, 2 of them new", done)
	}
	wantAuthority(t, w, sub, notary.AuthorityRevoked)
	if state := authorityState(t, w, root); state.Revocations != 3 || state.Unpublished != 0 {
		t.Errorf("the state is %+v", state)
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

func TestRefusedCRLs(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	now := w.Clock.Now()
	o, other := testkit.OutsideRoot(t, notary.ECDSAP256, now), testkit.OutsideRoot(t, notary.ECDSAP256, now)
	listedBefore := notary.Revocation{Serial: "0a0b", At: now.Add(-time.Hour), Reason: notary.Superseded}
	sub := below(t, w, o)
	root := register(t, w, o, lastCRL(t, w, o, 5, listedBefore))
	unsigned, err := w.CA.UnsignedCRL(t.Context(), w.Admin(), root, time.Time{})
	testkit.Check(t, err)
	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), sub, notary.Superseded))
	entry := notary.Revocation{Serial: authority(t, w, sub).Certificate.Serial, At: now, Reason: notary.Superseded}
	w.Clock.Advance(time.Second)
	made := func(edit func(*x509.RevocationList)) []byte {
		list := &x509.RevocationList{Number: big.NewInt(6), ThisUpdate: now, NextUpdate: now.Add(time.Hour)}
		for _, v := range []notary.Revocation{listedBefore, entry} {
			serial, _ := new(big.Int).SetString(v.Serial, 16)
			list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
				x509.RevocationListEntry{SerialNumber: serial, RevocationTime: v.At})
		}
		edit(list)
		der, err := x509.CreateRevocationList(rand.Reader, list, o.Certificate, o.Key)
		testkit.Check(t, err)
		return der
	}
	good := made(func(*x509.RevocationList) {})
	tampered := append([]byte{}, good...)
	tampered[len(tampered)-1] ^= 1
	signature := signCRL(t, o, unsigned.TBS, unsigned.Hash)
	for name, tt := range map[string]struct {
		upload ca.CRLUpload
		kind   notary.Kind
		text   string
	}{
		"nothing":    {ca.CRLUpload{}, notary.Invalid, "the CRL is missing"},
		"both":       {ca.CRLUpload{CRL: good, Unsigned: unsigned.TBS}, notary.Invalid, "either crl, or unsigned_crl"},
		"another CA": {ca.CRLUpload{CRL: lastCRL(t, w, other, 7)}, notary.Invalid, "issued by another CA"},
		"tampered":   {ca.CRLUpload{CRL: tampered}, notary.Invalid, "signature of the CRL does not verify"},
		"trailing octets": {ca.CRLUpload{CRL: append(good[:len(good):len(good)], 0)}, notary.Invalid,
			"after the end of the CRL"},
		"no CRL": {ca.CRLUpload{CRL: []byte("CRL")}, notary.Invalid, "cannot be parsed"},
		"same number": {ca.CRLUpload{CRL: made(func(l *x509.RevocationList) { l.Number = big.NewInt(5) })},
			notary.Conflict, "5 has already been published"},
		"lower number": {ca.CRLUpload{CRL: made(func(l *x509.RevocationList) { l.Number = big.NewInt(4) })},
			notary.Conflict, "number 4, but the last one had 5"},
		"number 0": {ca.CRLUpload{CRL: made(func(l *x509.RevocationList) { l.Number = big.NewInt(0) })},
			notary.Invalid, "no positive CRL number"},
		"from the future": {ca.CRLUpload{CRL: made(func(l *x509.RevocationList) { l.ThisUpdate = now.Add(time.Minute) })},
			notary.Invalid, "from the future"},
		"expired": {ca.CRLUpload{CRL: made(func(l *x509.RevocationList) {
			l.ThisUpdate, l.NextUpdate = now.Add(-time.Hour), now
		})}, notary.Invalid, "the CRL expired"},
		"older": {ca.CRLUpload{CRL: made(func(l *x509.RevocationList) { l.ThisUpdate = now.Add(-time.Minute) })},
			notary.Conflict, "before the published one"},
		"lost revocation": {ca.CRLUpload{CRL: lastCRL(t, w, o, 7, listedBefore)}, notary.Conflict, entry.Serial},
		"lost entry":      {ca.CRLUpload{CRL: lastCRL(t, w, o, 7, entry)}, notary.Conflict, listedBefore.Serial},
		"revoked since":   {ca.CRLUpload{Unsigned: unsigned.TBS, Signature: signature}, notary.Conflict, entry.Serial},
		"no signature":    {ca.CRLUpload{Unsigned: unsigned.TBS}, notary.Invalid, "the signature has 0 octets"},
		"wrong signature": {ca.CRLUpload{Unsigned: unsigned.TBS, Signature: []byte{1}}, notary.Invalid, "does not verify"},
		"not an unsigned": {ca.CRLUpload{Unsigned: []byte{1}, Signature: signature}, notary.Invalid, "not an unsigned CRL"},
		"unsigned and PEM": {ca.CRLUpload{Unsigned: pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: good}),
			Signature: signature}, notary.Invalid, "not an unsigned CRL"},
	} {
		_, err := w.CA.UploadCRL(t.Context(), w.Admin(), root, tt.upload)
		if notary.KindOf(err) != tt.kind {
			t.Errorf("%s: got error %v, want %s", name, err, tt.kind)
			continue
		}
		testkit.WantText(t, err, tt.text)
	}
	crl, err := w.Revocation.PublishedCRL(t.Context(), root, 0)
	testkit.Check(t, err)
	if crl.Number != 5 {
		t.Errorf("a refused CRL, %d, is published", crl.Number)
	}
	testkit.Check(t, second(uploadCRL(t, w, root, good)))

	held := w.Root(t, notary.ECDSAP256)
	testkit.WantKind(t, second(uploadCRL(t, w, held, good)), notary.Conflict)
	testkit.WantKind(t, second(w.CA.UnsignedCRL(t.Context(), w.Admin(), held, time.Time{})), notary.Conflict)
	testkit.WantKind(t, second(w.CA.UnsignedCRL(t.Context(), w.Admin(), root, now)), notary.Invalid)
	testkit.WantKind(t, second(w.CA.UnsignedCRL(t.Context(), w.Admin(), root, now.AddDate(20, 0, 0))), notary.Invalid)
}

// An offline authority signs nothing here, and everything else works without its key.
func TestOfflineSignsNothing(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	root := register(t, w, o, nil)
	pending := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1})
	for name, err := range map[string]error{
		"sign":           sign(t, w, w.Request(t, w.Admin()), root),
		"sign authority": w.CA.SignAuthority(t.Context(), w.Admin(), pending, root),
		"roll over":      second(w.CA.RollOver(t.Context(), w.Admin(), root, ca.RollOverOptions{})),
		"register again": second(w.CA.ImportAuthority(t.Context(), w.Admin(),
			ca.Import{Offline: true, Chain: testkit.PEM(o.Certificate)})),
		"with its key": second(w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))),
	} {
		if notary.KindOf(err) != notary.Conflict {
			t.Errorf("%s: got error %v, want a conflict", name, err)
		}
	}
	in := importOf(t, o)
	in.Offline = true
	_, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.WantKind(t, err, notary.Invalid)
	testkit.WantText(t, err, "without its key")
	testkit.Check(t, w.Revocation.RenewResponders(t.Context()))
	testkit.Check(t, w.Issuers.OpenAll(t.Context()))
	testkit.Check(t, archive.Check(t.Context(), w.Store, ca.RecordChecks(w.Keys), nil, func(d archive.Damage) {
		t.Errorf("the check found: %s", d.Text)
	}))

	// Its key is imported after all, or it goes offline again: the record continues.
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), root, false))
	again, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
	testkit.Check(t, err)
	if a := authority(t, w, again); again != root || a.Offline || a.CSR == "" {
		t.Errorf("imported %d with its key: %+v", again, a)
	}
	testkit.Check(t, sign(t, w, w.Request(t, w.Admin()), root))
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), root, true))
	if again := register(t, w, o, nil); again != root || !authority(t, w, again).Offline {
		t.Errorf("registered as %d", again)
	}
	testkit.WantKind(t, sign(t, w, w.Request(t, w.Admin()), root), notary.Conflict)
}

func TestRenewOfflineAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	o := root.Intermediate(t, notary.ECDSAP256)
	id := register(t, w, o, nil)
	renewed := root.Issue(t, o.Key.Public(), func(c *x509.Certificate) {
		c.Subject, c.IsCA, c.KeyUsage = o.Certificate.Subject, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	})
	_, err := w.CA.UploadAuthority(t.Context(), w.Admin(), id, testkit.PEM(renewed, root.Certificate))
	testkit.Check(t, err)
	if got := authority(t, w, id).Certificate.Serial; got != pki.SerialString(renewed.SerialNumber) {
		t.Errorf("the serial number is %s, want that of the renewed certificate", got)
	}
	testkit.Check(t, second(uploadCRL(t, w, id, lastCRL(t, w, o, 3))))
}
