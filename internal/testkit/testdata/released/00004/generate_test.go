// Package released generates the fixture of this folder. README.md says how.
package released

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/auth"
	"notary/internal/ca"
	"notary/internal/issuance"
	"notary/internal/keystore"
	"notary/internal/pki"
	"notary/internal/store"
	"notary/internal/testkit"
)

// world is a service whose clock starts at a fixed time.
type world struct {
	*testing.T
	clock   *testkit.Clock
	store   *store.Store
	ca      *ca.Service
	auth    *auth.Service
	callers map[notary.Role]notary.Caller
}

func TestGenerate(t *testing.T) {
	database := testkit.Database(t)
	w := open(t, database)
	w.accounts()
	root, issuing, shared := w.authorities()
	outside := w.imported()
	w.profiles()
	w.requests(issuing, root, outside)
	w.revocations(issuing, shared)
	w.certificates(issuing)
	w.publish()
	w.check(w.store.CheckInvariants(t.Context()))
	w.requireRows(database)
	w.check(w.store.Close()) // merges SQLite's log into the file
	save(t, database)
}

func open(t *testing.T, database string) *world {
	w := &world{T: t, clock: testkit.NewClock(), callers: map[notary.Role]notary.Caller{}}
	w.clock.Advance(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC).Sub(w.clock.Now()))
	if _, err := os.Stat("seal.key"); err != nil {
		w.check(keystore.CreateFile("seal.key"))
	}
	w.check(os.Chmod("seal.key", 0o600))
	keys, err := keystore.FromFile("seal.key")
	w.check(err)
	w.store, err = store.Open(t.Context(), database, w.clock.Now)
	w.check(err)
	log := slog.New(slog.DiscardHandler)
	w.ca, err = ca.New(t.Context(), w.store, keys, ca.Options{Now: w.clock.Now, Log: log, PublishURL: testkit.PublishURL})
	w.check(err)
	w.auth = auth.New(w.store, auth.Options{Now: w.clock.Now, Log: log})
	_, err = w.store.Lease(t.Context(), "jobs", "node-1", 20*time.Second)
	w.check(err)
	return w
}

func (w *world) check(err error) { w.Helper(); testkit.Check(w.T, err) }

func (w *world) admin() notary.Caller { return w.callers[notary.Admin] }

// accounts creates one of every role, one that is deleted, and sessions of both kinds.
func (w *world) accounts() {
	admin := notary.Caller{Address: "192.0.2.1"}
	for _, role := range notary.Roles {
		email := strings.ReplaceAll(strings.ToLower(role.String()), " ", "-") + "@example.com"
		id, err := w.auth.CreateAccount(w.Context(), admin, email, testkit.Password, &role)
		w.check(err)
		w.callers[role] = notary.Caller{AccountID: id, Email: email, Role: role, Address: "192.0.2.1"}
		admin = w.admin()
	}
	role := notary.ReadOnly
	id, err := w.auth.CreateAccount(w.Context(), admin, "deleted@example.com", testkit.Password, &role)
	w.check(err)
	w.check(w.auth.DeleteAccount(w.Context(), admin, id))
	from := auth.Client{Address: "2001:db8::7", UserAgent: "Mozilla/5.0 (X11; Linux)"}
	_, err = w.auth.Login(w.Context(), admin.Email, testkit.Password, from)
	w.check(err)
	_, _, err = w.auth.LoginBrowser(w.Context(), w.callers[notary.CertificateRequestor].Email, testkit.Password, from)
	w.check(err)
}

func (w *world) authority(name string, issuer int64, alg notary.KeyAlgorithm, edits ...func(*ca.AuthorityOptions)) int64 {
	o := ca.AuthorityOptions{SelfSigned: issuer == 0, KeyAlgorithm: alg, PathLen: -1,
		Subject: pkix.Name{CommonName: name, Organization: []string{"Example"}, Country: []string{"DE"}}}
	for _, edit := range edits {
		edit(&o)
	}
	id, err := w.ca.CreateAuthority(w.Context(), w.admin(), o)
	w.check(err)
	if issuer > 0 {
		w.check(w.ca.SignAuthority(w.Context(), w.admin(), id, issuer))
	}
	return id
}

// authorities creates authorities in every state. It returns a root, an issuing CA with a full
// CRL, and one with a partitioned CRL.
func (w *world) authorities() (root, issuing, shared int64) {
	root = w.authority("Example Root", 0, notary.ECDSAP384)
	issuing = w.authority("Example Issuing CA", root, notary.ECDSAP256)
	shared = w.authority("Example Machines CA", root, notary.Ed25519)
	shards := 4
	w.check(w.ca.ChangePublication(w.Context(), w.admin(), shared, ca.PublicationChange{Shards: &shards}))
	w.authority("Example RSA Root", 0, notary.RSA2048)
	w.authority("Example Constrained CA", root, notary.ECDSAP256, func(o *ca.AuthorityOptions) {
		o.PathLen, o.Constraints = 0, notary.NameConstraints{
			Permitted: notary.Subtrees{DNS: []string{"example.com"}, IP: []string{"10.0.0.0/8"}},
			Excluded:  notary.Subtrees{DNS: []string{"secret.example.com"}}}
	})
	_, err := w.ca.CreateAuthority(w.Context(), w.admin(), ca.AuthorityOptions{
		Subject: pkix.Name{CommonName: "Example Pending CA"}, KeyAlgorithm: notary.ECDSAP521, PathLen: -1})
	w.check(err)
	disabled := w.authority("Example Disabled CA", root, notary.ECDSAP256)
	w.check(w.ca.EnableAuthority(w.Context(), w.admin(), disabled, false))
	revoked := w.authority("Example Revoked CA", root, notary.ECDSAP256)
	w.check(w.ca.RevokeAuthority(w.Context(), w.admin(), revoked, notary.CessationOfOperation))
	deleted := w.authority("Example Deleted CA", 0, notary.Ed25519)
	w.sign(w.submit(w.admin(), notary.ECDSAP256, "old.example.com"), deleted, "")
	w.check(w.ca.DeleteAuthority(w.Context(), w.admin(), deleted, true))
	rolled := w.authority("Example Rolled Root", 0, notary.ECDSAP256)
	w.sign(w.submit(w.admin(), notary.ECDSAP256, "before-rollover.example.com"), rolled, "")
	w.clock.Advance(time.Hour)
	_, err = w.ca.RollOver(w.Context(), w.admin(), rolled, ca.RollOverOptions{})
	w.check(err)
	crossed := w.authority("Example Crossed Root", 0, notary.ECDSAP256)
	_, err = w.ca.CrossSign(w.Context(), w.admin(), crossed, root, notary.IntermediateProfile)
	w.check(err)
	above := testkit.OutsideRoot(w.T, notary.RSA2048, w.clock.Now())
	uploaded, err := w.ca.CreateAuthority(w.Context(), w.admin(), ca.AuthorityOptions{
		Subject: pkix.Name{CommonName: "Example Uploaded CA"}, KeyAlgorithm: notary.ECDSAP256, PathLen: -1})
	w.check(err)
	a, err := w.store.Authority(w.Context(), uploaded)
	w.check(err)
	_, err = w.ca.UploadAuthority(w.Context(), w.admin(), uploaded, above.Chain(w.T, w.keyOf(a.CSR), func(c *x509.Certificate) {
		c.Subject, c.IsCA, c.KeyUsage = pkix.Name{CommonName: "Example Uploaded CA"}, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	}))
	w.check(err)
	return root, issuing, shared
}

func (w *world) keyOf(csrPEM string) crypto.PublicKey {
	csr, err := pki.ParseCSR(csrPEM)
	w.check(err)
	return csr.PublicKey
}

// imported imports an authority with a CRL that lists certificates that are not known, and
// some of its certificates. It returns another outside root, for uploads.
func (w *world) imported() *testkit.Outside {
	o := testkit.OutsideRoot(w.T, notary.RSA2048, w.clock.Now())
	issued := []*x509.Certificate{o.Issue(w.T, testkit.Key(w.T, notary.ECDSAP256).Public()),
		o.Issue(w.T, testkit.Key(w.T, notary.RSA2048).Public())}
	list := &x509.RevocationList{Number: big.NewInt(4711), ThisUpdate: w.clock.Now(), NextUpdate: w.clock.Now().Add(time.Hour)}
	for serial, reason := range map[int64]int{0xa0b: 4, 0xa0c: 6, 0xa0d: 1} {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: big.NewInt(serial), RevocationTime: w.clock.Now().Add(-time.Hour), ReasonCode: reason})
	}
	list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
		SerialNumber: issued[0].SerialNumber, RevocationTime: w.clock.Now().Add(-time.Hour), ReasonCode: 5})
	crl, err := x509.CreateRevocationList(rand.Reader, list, o.Certificate, o.Key)
	w.check(err)
	der, err := x509.MarshalPKCS8PrivateKey(o.Key)
	w.check(err)
	id, err := w.ca.ImportAuthority(w.Context(), w.admin(), ca.Import{CRL: crl, Chain: testkit.PEM(o.Authorities()...),
		Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})})
	w.check(err)
	_, err = w.ca.ImportCertificates(w.Context(), w.admin(), id, testkit.PEM(issued...))
	w.check(err)
	return testkit.OutsideRoot(w.T, notary.ECDSAP256, w.clock.Now()).Intermediate(w.T, notary.ECDSAP256)
}

// profiles creates one with two versions and one that is deleted, and changes a built-in one.
func (w *world) profiles() {
	rules := builtinRules(notary.DefaultProfile)
	rules.Description = "machines in the data centre"
	id, err := w.ca.CreateProfile(w.Context(), w.admin(), "machines", rules)
	w.check(err)
	rules.Names.DNS = notary.NameRule{Allow: notary.AllowListed, Listed: []string{"example.com"}}
	_, err = w.ca.UpdateProfile(w.Context(), w.admin(), id, 1, rules)
	w.check(err)
	id, err = w.ca.CreateProfile(w.Context(), w.admin(), "discarded", rules)
	w.check(err)
	w.check(w.ca.DeleteProfile(w.Context(), w.admin(), id))
}

func builtinRules(name string) notary.Rules {
	for _, p := range issuance.Builtins() {
		if p.Name == name {
			return p.Rules
		}
	}
	panic("no built-in profile " + name)
}

func (w *world) submit(caller notary.Caller, alg notary.KeyAlgorithm, names ...string) int64 {
	id, err := w.ca.Submit(w.Context(), caller, testkit.CSR(w.T, testkit.Key(w.T, alg), names...))
	w.check(err)
	return id
}

func (w *world) sign(id, authority int64, profile string) int64 {
	w.check(w.ca.Sign(w.Context(), w.admin(), id, ca.SignOptions{AuthorityID: authority, Profile: profile}))
	return id
}

// requests creates requests in every status.
func (w *world) requests(issuing, root int64, outside *testkit.Outside) {
	requestor := w.callers[notary.CertificateRequestor]
	for _, alg := range notary.KeyAlgorithms {
		w.submit(requestor, alg, string(alg)+".example.com", "10.0.0.7", "spiffe://example.com/web")
	}
	reject := w.submit(requestor, notary.ECDSAP256, "rejected.example.com")
	w.check(w.ca.Reject(w.Context(), w.admin(), reject, "the name is not yours"))
	w.check(w.ca.Delete(w.Context(), w.admin(), w.submit(requestor, notary.ECDSAP256, "deleted.example.com")))
	removed := w.sign(w.submit(requestor, notary.ECDSAP256, "removed.example.com"), issuing, "")
	w.check(w.ca.RemoveCertificate(w.Context(), w.admin(), removed))
	gone := w.sign(w.submit(requestor, notary.ECDSAP256, "gone.example.com"), issuing, "")
	w.check(w.ca.Delete(w.Context(), w.admin(), gone))
	uploaded := w.submit(requestor, notary.ECDSAP256, "uploaded.example.com")
	req, err := w.store.Request(w.Context(), uploaded)
	w.check(err)
	_, err = w.ca.Upload(w.Context(), w.admin(), uploaded, outside.Chain(w.T, w.keyOf(req.CSR)))
	w.check(err)
	renewed := w.sign(w.submit(requestor, notary.ECDSAP256, "renewed.example.com"), issuing, "")
	w.clock.Advance(24 * time.Hour)
	w.sign(renewed, issuing, "machines")
	csr, err := pki.NewCSR(testkit.Key(w.T, notary.ECDSAP256), pkix.Name{CommonName: "warned.example.com",
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 42}, Value: strings.Repeat("a", 70)}}}, notary.Names{})
	w.check(err)
	warned, err := w.ca.Submit(w.Context(), requestor, csr)
	w.check(err)
	w.sign(warned, issuing, "")
	w.sign(w.submit(w.callers[notary.CertificateManager], notary.RSA2048, "root-signed.example.com"), root, "")
}

// revocations revokes certificates for every reason, on a full and on a partitioned CRL.
func (w *world) revocations(authorities ...int64) {
	for _, id := range authorities {
		for reason := range notary.RevocationReasons {
			if reason == notary.CertificateHold || reason == "removeFromCRL" {
				continue
			}
			req := w.sign(w.submit(w.callers[notary.CertificateRequestor], notary.ECDSAP256, strings.ToLower(string(reason))+".example.com"), id, "")
			w.check(w.ca.RevokeRequest(w.Context(), w.admin(), req, reason))
		}
	}
}

// certificates issues some that stay valid.
func (w *world) certificates(issuing int64) {
	all, err := w.store.Authorities(w.Context())
	w.check(err)
	for _, a := range all {
		if a.Status(w.clock.Now()) == notary.AuthorityActive && len(a.Constraints.Permitted.DNS) == 0 {
			w.sign(w.submit(w.callers[notary.CertificateRequestor], notary.ECDSAP256, "web.example.com", "www.example.com"), a.ID, "")
		}
	}
	reopened := w.sign(w.submit(w.admin(), notary.ECDSAP256, "reopened.example.com"), issuing, "")
	w.check(w.ca.RevokeRequest(w.Context(), w.admin(), reopened, notary.Superseded))
	w.check(w.ca.Reopen(w.Context(), w.admin(), reopened))
}

// publish creates the CRLs of all shards and the OCSP responders.
func (w *world) publish() {
	w.check(w.ca.RefreshCRLs(w.Context()))
	all, err := w.store.Authorities(w.Context())
	w.check(err)
	for _, a := range all {
		for shard := range 5 {
			if _, err := w.ca.PublishedCRL(w.Context(), a.ID, shard); err != nil && notary.KindOf(err) != notary.NotFound &&
				notary.KindOf(err) != notary.Conflict {
				w.check(err)
			}
		}
		if a.Certificate == nil {
			continue
		}
		issuer, err := x509.ParseCertificate(a.Certificate.DER)
		w.check(err)
		request, err := ocsp.CreateRequest(&x509.Certificate{SerialNumber: big.NewInt(7)}, issuer, nil)
		w.check(err)
		w.ca.OCSP(w.Context(), a.ID, request)
	}
	w.check(w.ca.RefreshCRLs(w.Context()))
}

// requireRows requires that no table is empty. SQLite has no lease and no agreement by itself.
func (w *world) requireRows(database string) {
	db := testkit.SQL(w.T, database)
	for _, text := range []string{`INSERT INTO lease (name, holder, expires_at) VALUES ('fixture', 'node-2', 1)`,
		`INSERT INTO agreement (name, value) VALUES ('fixture', 'kept')`} {
		_, err := db.Exec(text)
		w.check(err)
	}
	for _, table := range []string{"account", "session", "issuer_chain", "authority", "crl", "crl_shard", "profile", "profile_version",
		"request", "request_name", "request_csr", "certificate", "certificate_name", "certificate_der", "responder", "certificate_lint",
		"revocation", "compromised_key", "event", "lease", "agreement", "counter"} {
		var n int
		w.check(db.QueryRow("SELECT COUNT(*) FROM " + table).Scan(&n))
		w.Logf("%s: %d rows", table, n)
		if n == 0 {
			w.Errorf("%s is empty", table)
		}
	}
	w.check(db.Close())
}

func save(t *testing.T, database string) {
	file := filepath.Join(t.TempDir(), "dump")
	name := "sqlite.db.gz"
	if testkit.OnPostgres() {
		name = "postgres.sql.gz"
		testkit.PostgresProgram(t, "pg_dump", "--inserts", "--no-owner", "--no-privileges", "--file="+file, database)
	} else {
		file = database
	}
	content, err := os.ReadFile(file)
	testkit.Check(t, err)
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	testkit.Check(t, err)
	_, err = z.Write(content)
	testkit.Check(t, err)
	testkit.Check(t, z.Close())
	testkit.Check(t, os.WriteFile(name, b.Bytes(), 0o644))
	t.Logf("%s: %d octets, %d compressed", name, len(content), b.Len())
}
