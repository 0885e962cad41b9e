package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

var someRules = notary.Rules{
	Description: "Größe", CA: true, PathLen: 2,
	KeyUsages: []notary.KeyUsage{notary.KeyCertSign}, ExtKeyUsages: []string{"1.2.3"},
	Validity: time.Hour, MaxValidity: 1826 * 24 * time.Hour,
	Keys: notary.KeyRules{Allowed: []notary.KeyKind{notary.KindRSA}, MinRSABits: 3072, MaxRSABits: 4096},
	Names: notary.NameRules{
		DNS:       notary.NameRule{Allow: notary.AllowListed, Listed: []string{"example.com"}},
		IP:        notary.NameRule{Allow: notary.AllowAny},
		Email:     notary.NameRule{Allow: notary.AllowNone},
		URI:       notary.NameRule{Allow: notary.AllowListed, Listed: []string{"a", "b"}},
		Wildcards: true, Required: true,
	},
	Subject: notary.SubjectRules{Others: notary.Refuse,
		Attributes: []notary.AttributeRule{{Type: "title", Action: notary.Fix, Value: "\"Dr\""}}},
	Policies: []string{"1.2.3"}, OCSPNoCheck: true, LintWarnings: notary.RefuseWarnings,
}

func TestProfileVersions(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	first := newProfile(t, s, "web")
	clock.Advance(time.Hour)
	write(t, s, func(tx *store.Tx) error {
		version, err := tx.UpdateProfile(first, someRules)
		if version != 2 {
			t.Errorf("the new rules make the version %d", version)
		}
		return err
	})
	newest, err := s.Profile(t.Context(), first.ID)
	testkit.Check(t, err)
	want := &notary.Profile{ID: first.ID, Name: "web", Version: 2, CreatedAt: first.CreatedAt,
		UpdatedAt: first.CreatedAt.Add(time.Hour), Rules: someRules}
	if diff := cmp.Diff(want, newest); diff != "" {
		t.Errorf("the second version (-want +got):\n%s", diff)
	}
	byName, err := s.ProfileByName(t.Context(), "web")
	testkit.Check(t, err)
	old, err := s.ProfileVersion(t.Context(), first.ID, 1)
	testkit.Check(t, err)
	if diff := cmp.Diff([]*notary.Profile{newest, first}, []*notary.Profile{byName, old}); diff != "" {
		t.Errorf("by its name, and the first version (-want +got):\n%s", diff)
	}
	_, err = s.ProfileVersion(t.Context(), first.ID, 3)
	testkit.WantKind(t, err, notary.NotFound)
	// A stale version cannot be changed.
	for _, change := range []func(*store.Tx) error{
		func(tx *store.Tx) error { return second(tx.UpdateProfile(first, someRules)) },
		func(tx *store.Tx) error { return tx.DeleteProfile(first) },
	} {
		testkit.WantKind(t, s.Write(t.Context(), change), notary.Conflict)
	}
}

func TestProfileNamesAreUnique(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	first := newProfile(t, s, "web")
	insert := func(tx *store.Tx) error {
		return second(tx.InsertProfile(&notary.Profile{Name: "web", Rules: someRules}))
	}
	err := s.Write(t.Context(), insert)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "name")
	write(t, s, func(tx *store.Tx) error { return tx.DeleteProfile(first) })
	_, err = s.Profile(t.Context(), first.ID)
	testkit.WantKind(t, err, notary.NotFound)
	_, err = s.ProfileVersion(t.Context(), first.ID, 1)
	testkit.WantKind(t, err, notary.NotFound)
	if p, err := s.ProfileByName(t.Context(), "web"); p != nil || err != nil {
		t.Errorf("a deleted profile is found by its name: %v, %v", p, err)
	}
	write(t, s, insert)
	again, err := s.Profile(t.Context(), first.ID)
	testkit.Check(t, err)
	if again.Version != 2 || again.Description != someRules.Description {
		t.Errorf("it continues with version %d, %q", again.Version, again.Description)
	}
}

// Seeding keeps existing profiles and may run concurrently.
func TestSeedProfile(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	mine := newProfile(t, s, "server")
	seed := func(int) error {
		return s.Write(t.Context(), func(tx *store.Tx) error {
			for _, name := range []string{"server", "client", "email"} {
				if err := tx.SeedProfile(&notary.Profile{Name: name, Rules: someRules}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	kinds := testkit.Kinds(testkit.Race(4, seed))
	if diff := cmp.Diff(map[notary.Kind]int{"": 4}, kinds); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	all, err := s.Profiles(t.Context())
	testkit.Check(t, err)
	got := map[string]bool{}
	for _, p := range all {
		got[p.Name] = p.Builtin
	}
	if diff := cmp.Diff(map[string]bool{"server": false, "client": true, "email": true}, got); diff != "" ||
		len(all) != 3 {
		t.Errorf("built in (-want +got):\n%s", diff)
	}
	if kept, err := s.Profile(t.Context(), mine.ID); err != nil || kept.Version != 1 ||
		kept.Description != mine.Description {
		t.Errorf("the existing profile is now %+v (%v)", kept, err)
	}
	builtin, err := s.ProfileByName(t.Context(), "email")
	testkit.Check(t, err)
	testkit.WantKind(t, s.Write(t.Context(), func(tx *store.Tx) error { return tx.DeleteProfile(builtin) }),
		notary.Conflict)
}

func TestUpdateProfileRace(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	p := newProfile(t, s, "web")
	kinds := testkit.Kinds(testkit.Race(4, func(int) error {
		return s.Write(t.Context(), func(tx *store.Tx) error { return second(tx.UpdateProfile(p, someRules)) })
	}))
	if diff := cmp.Diff(map[notary.Kind]int{"": 1, notary.Conflict: 3}, kinds); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// A certificate is not recorded if its profile has changed since it was signed.
func TestRequireUsableChecksTheProfileVersion(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*store.Tx, *notary.Profile) error{
		func(tx *store.Tx, p *notary.Profile) error { return second(tx.UpdateProfile(p, someRules)) },
		func(tx *store.Tx, p *notary.Profile) error { return tx.DeleteProfile(p) },
	} {
		s, clock := open(t)
		a := give(t, s, newAuthority(t, s).ID, newCertificate(1, 1, clock.Now().AddDate(1, 0, 0)))
		p := newProfile(t, s, "web")
		require := func(tx *store.Tx) error { return tx.RequireUsable(a, p) }
		write(t, s, require)
		write(t, s, func(tx *store.Tx) error { return change(tx, p) })
		err := s.Write(t.Context(), require)
		testkit.WantKind(t, err, notary.Conflict)
		testkit.WantField(t, err, "profile")
		testkit.WantText(t, err, "the profile web has just been changed")
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	a := newAuthority(t, s)
	findings := []notary.Finding{
		{Lint: "w_something", Level: notary.FindingWarning, Description: "\"something\" <is> odd", Citation: "RFC 5280: 4.1"},
		{Lint: "n_other", Level: notary.FindingNotice},
	}
	var with, without int64
	write(t, s, func(tx *store.Tx) (err error) {
		warned := newCertificate(a.ID, 1, clock.Now())
		warned.Findings, warned.ProfileVersion = findings, 7
		if with, err = tx.InsertCertificate(warned); err != nil {
			return err
		}
		without, err = tx.InsertCertificate(newCertificate(a.ID, 2, clock.Now()))
		return err
	})
	for id, want := range map[int64][]notary.Finding{with: findings, without: nil} {
		cert, err := s.Certificate(t.Context(), id)
		testkit.Check(t, err)
		if diff := cmp.Diff(want, cert.Findings); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
		if want := map[int64]int{with: 7}[id]; cert.ProfileVersion != want {
			t.Errorf("the profile's version is %d, want %d", cert.ProfileVersion, want)
		}
	}
}

// A database with only the built-in profiles counts as empty.
func TestCopyIncludesProfiles(t *testing.T) {
	t.Parallel()
	from, _ := open(t)
	seed := func(s *store.Store, description string) {
		write(t, s, func(tx *store.Tx) error {
			return tx.SeedProfile(&notary.Profile{Name: "server", Rules: notary.Rules{Description: description}})
		})
	}
	newProfile(t, from, "mine")
	seed(from, "of the old one")
	to := reopen(t, testkit.Database(t))
	seed(to, "of the new one")
	_, err := archive.Copy(t.Context(), from, to, nil)
	testkit.Check(t, err)
	want, err := from.Profiles(t.Context())
	testkit.Check(t, err)
	got, err := to.Profiles(t.Context())
	testkit.Check(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("profiles (-want +got):\n%s", diff)
	}
	if next := newProfile(t, to, "next"); next.ID <= want[len(want)-1].ID {
		t.Errorf("the next profile has the id %d", next.ID)
	}
}
