// Package testkit supports tests with a fake clock, keys, signing requests, and a whole service on its own
// database.
package testkit

import (
	"context"
	"crypto"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"notary"
	"notary/internal/auth"
	"notary/internal/ca"
	"notary/internal/keystore"
	"notary/internal/pki"
	"notary/internal/store"
	"notary/internal/store/archive"
)

// Password is the password of every account of a [World].
const Password = "plain violet harbour engine"

// SetupCode is the setup code of an [Empty] World.
const SetupCode = "AAAAA-BBBBB-CCCCC-DDDDD"

// PublishURL is the base URL of CRLs, OCSP responders and CA certificates in a [World]'s certificates.
const PublishURL = "http://pki.example.com"

// World is a service on its own database, with an account of every role unless created by [Empty].
type World struct {
	*Node
	Store *store.Store
	Auth  *auth.Service
	Clock *Clock
	Keys  keystore.Keys

	// Database is the name of the database for [store.Open].
	Database string

	callers     map[notary.Role]notary.Caller
	noSetupCode bool
}

// New creates a World. The test fails if the database is inconsistent at its end.
func New(t testing.TB) *World {
	t.Helper()
	accounts := withAccounts(t)
	w := emptyAt(t, accounts.copy(t), true)
	w.callers = accounts.cloneCallers()
	return w
}

// NewAt is like [New] but uses the given database: a SQLite file that does not exist, or an empty PostgreSQL database.
func NewAt(t testing.TB, database string) *World {
	t.Helper()
	w := emptyAt(t, database, true)
	w.createCallers(t)
	return w
}

func (w *World) createCallers(t testing.TB) {
	t.Helper()
	for _, role := range notary.Roles {
		w.callers[role] = w.NewCaller(t, w.Admin(), role)
	}
}

// Empty creates a World without accounts, as after the first start. Its setup code is [SetupCode].
func Empty(t testing.TB) *World {
	t.Helper()
	w := emptyAt(t, Migrated(t), false)
	Check(t, w.Auth.SetSetupCode(t.Context(), SetupCode))
	return w
}

func emptyAt(t testing.TB, database string, noSetupCode bool) *World {
	t.Helper()
	return worldAt(t, database, NewClock(), Keystore(t), noSetupCode)
}

func worldAt(t testing.TB, database string, clock *Clock, keys keystore.Keys, noSetupCode bool) *World {
	t.Helper()
	w := &World{Database: database, Keys: keys, Clock: clock, noSetupCode: noSetupCode,
		callers: map[notary.Role]notary.Caller{}}
	w.open(t)
	t.Cleanup(func() {
		Check(t, archive.CheckInvariants(context.Background(), w.Store))
		Check(t, w.Store.Close())
	})
	return w
}

func (w *World) open(t testing.TB) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	var err error
	w.Store, err = store.Open(t.Context(), w.Database, w.Clock.Now, Patient...)
	Check(t, err)
	w.Node, err = OpenNode(t.Context(), w.Store, w.Keys,
		NodeOptions{Now: w.Clock.Now, Log: log, PublishURL: PublishURL})
	Check(t, err)
	w.Auth = auth.New(w.Store, auth.Options{Now: w.Clock.Now, Log: log, NoSetupCode: w.noSetupCode})
	_, err = w.Auth.HasAccounts(t.Context()) // as at server start
	Check(t, err)
}

// Reopen closes and reopens the database, as a restart does.
func (w *World) Reopen(t testing.TB) {
	t.Helper()
	w.Replace(t, w.Database, func() {})
}

// Replace stops the service, calls replace, and starts the service on the given database.
func (w *World) Replace(t testing.TB, database string, replace func()) {
	t.Helper()
	Check(t, w.Store.Close())
	replace()
	w.Database = database
	w.open(t)
}

// Caller returns the World's account with the given role.
func (w *World) Caller(role notary.Role) notary.Caller { return w.callers[role] }

// Admin returns the World's Admin.
func (w *World) Admin() notary.Caller { return w.callers[notary.Admin] }

// NewCaller creates another account with the given role. If admin is the zero value, it creates the first account, and
// role must be Admin.
func (w *World) NewCaller(t testing.TB, admin notary.Caller, role notary.Role) notary.Caller {
	t.Helper()
	email := randomLabel() + "@example.com"
	var id int64
	var err error
	if admin.Known() {
		id, err = w.Auth.CreateAccount(t.Context(), admin, email, Password, &role)
	} else {
		id, err = w.Auth.CreateFirstAccount(t.Context(), auth.FirstAccount{Email: email, Password: Password})
	}
	Check(t, err)
	caller := (&notary.Account{ID: id, Email: email, Role: role}).Caller()
	caller.Address = "192.0.2.1"
	return caller
}

// Root creates a root CA and returns its ID.
func (w *World) Root(t testing.TB, alg notary.KeyAlgorithm) int64 {
	t.Helper()
	id, err := w.CA.CreateAuthority(t.Context(), w.Admin(), ca.AuthorityOptions{
		SelfSigned: true, Subject: pkix.Name{CommonName: "Test Root"}, KeyAlgorithm: alg, PathLen: -1})
	Check(t, err)
	return id
}

// Pending creates an authority without a certificate and returns its ID.
func (w *World) Pending(t testing.TB) int64 {
	t.Helper()
	return w.pending(t, notary.ECDSAP256)
}

func (w *World) pending(t testing.TB, alg notary.KeyAlgorithm) int64 {
	t.Helper()
	id, err := w.CA.CreateAuthority(t.Context(), w.Admin(), ca.AuthorityOptions{
		Subject: pkix.Name{CommonName: "Test Intermediate " + randomLabel()}, KeyAlgorithm: alg, PathLen: -1})
	Check(t, err)
	return id
}

// Intermediate creates an authority signed by the issuer and returns its ID.
func (w *World) Intermediate(t testing.TB, issuer int64, alg notary.KeyAlgorithm) int64 {
	t.Helper()
	id := w.pending(t, alg)
	Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), id, issuer))
	return id
}

// Request submits a new signing request as the caller and returns its ID.
func (w *World) Request(t testing.TB, caller notary.Caller) int64 {
	t.Helper()
	id, err := w.CA.Submit(t.Context(), caller, CSR(t, Key(t, notary.ECDSAP256), randomLabel()+".example.com"))
	Check(t, err)
	return id
}

// Signed submits a new signing request as the caller, signs it with the authority, and returns its ID.
func (w *World) Signed(t testing.TB, caller notary.Caller, authority int64) int64 {
	t.Helper()
	id := w.Request(t, caller)
	Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: authority}))
	return id
}

// RevokeRequest revokes every valid certificate of a request.
func (w *World) RevokeRequest(ctx context.Context, caller notary.Caller, id int64,
	reason notary.RevocationReason) error {
	_, err := w.CA.RevokeRequest(ctx, caller, id, ca.RevokeOptions{Reason: reason})
	return err
}

// RevokeCertificate revokes a certificate.
func (w *World) RevokeCertificate(ctx context.Context, caller notary.Caller, id int64,
	reason notary.RevocationReason) error {
	_, err := w.CA.RevokeCertificate(ctx, caller, id, reason)
	return err
}

// RevokeAuthority revokes an authority.
func (w *World) RevokeAuthority(ctx context.Context, caller notary.Caller, id int64,
	reason notary.RevocationReason) error {
	_, err := w.CA.RevokeAuthority(ctx, caller, id, reason)
	return err
}

// Key generates a private key.
func Key(t testing.TB, alg notary.KeyAlgorithm) crypto.Signer {
	t.Helper()
	key, err := pki.GenerateKey(alg)
	Check(t, err)
	return key
}

// CSR creates a signing request for the names. The first one is also the common name.
func CSR(t testing.TB, key crypto.Signer, names ...string) string {
	t.Helper()
	parsed, err := pki.ParseNames(names)
	Check(t, err)
	csr, err := pki.NewCSR(key, pkix.Name{CommonName: names[0]}, parsed)
	Check(t, err)
	return csr.PEM
}

// Keystore creates a keystore with its own key file.
func Keystore(t testing.TB) keystore.Keys {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seal.key")
	Check(t, keystore.CreateFile(path))
	keys, err := keystore.FromFile(path)
	Check(t, err)
	return keys
}

// Clock is a clock that moves only when a test advances it.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock at the current second.
func NewClock() *Clock { return &Clock{now: time.Now().UTC().Truncate(time.Second)} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Check fails the test on an error.
func Check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// WantKind fails the test unless err has the given kind; "" requires nil.
func WantKind(t testing.TB, err error, kind notary.Kind) {
	t.Helper()
	if notary.KindOf(err) != kind {
		t.Fatalf("got error %v of kind %q, want kind %q", err, notary.KindOf(err), kind)
	}
}

// WantText fails the test unless the text of err contains every word.
func WantText(t testing.TB, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("got no error")
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error %q does not say %q", err, word)
		}
	}
}

// WantField fails the test unless err has the given field.
func WantField(t testing.TB, err error, field string) {
	t.Helper()
	var e *notary.Error
	if !errors.As(err, &e) || e.Field != field {
		t.Errorf("the error %v does not blame the field %q", err, field)
	}
}

// Patience limits how long a test waits for an event. It is so long that only a hung test reaches it.
const Patience = 15 * time.Minute

// Always returns a function that always returns d.
func Always(d time.Duration) func() time.Duration { return func() time.Duration { return d } }
