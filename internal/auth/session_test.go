package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/auth"
	"notary/internal/testkit"
)

func loginBrowser(t testing.TB, w *testkit.World, email string) (token string, session notary.Session) {
	t.Helper()
	token, session, err := w.Auth.LoginBrowser(t.Context(), email, testkit.Password,
		auth.Client{Address: "192.0.2.1", UserAgent: "Mozilla/5.0"})
	testkit.Check(t, err)
	return token, session
}

func use(t testing.TB, w *testkit.World, token string, good bool) {
	t.Helper()
	wantCaller(t, w, token, good)
	auth.WaitNoted(w.Auth)
}

// A browser session ends an hour after its last use, and after twelve hours in any case. Use is recorded to the
// minute.
func TestBrowserSessionLimits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pauses []time.Duration // between valid calls
		last   time.Duration   // before an invalid call
	}{
		"never used":              {last: time.Hour},
		"used once":               {[]time.Duration{time.Hour - time.Second}, time.Hour},
		"used all the time":       {repeat(12, time.Hour-time.Second), 12 * time.Second},
		"used to the end":         {append(repeat(14, 50*time.Minute), 19*time.Minute), time.Minute},
		"used within the minute":  {[]time.Duration{59 * time.Second}, time.Hour - 59*time.Second},
		"used after that, and on": {[]time.Duration{30 * time.Minute, 59 * time.Second}, time.Hour - 59*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			token, _ := loginBrowser(t, w, w.Admin().Principal.Name)
			use(t, w, token, true)
			for _, pause := range tt.pauses {
				w.Clock.Advance(pause)
				use(t, w, token, true)
			}
			w.Clock.Advance(tt.last - time.Second)
			wantCaller(t, w, token, true)
			auth.WaitNoted(w.Auth)
			if name == "used all the time" || name == "used to the end" {
				w.Clock.Advance(time.Second)
			} else { // the last query was a use, too
				w.Clock.Advance(time.Hour)
			}
			wantCaller(t, w, token, false)
			testkit.Check(t, w.Auth.CleanUp(t.Context()))
			wantCaller(t, w, token, false)
		})
	}
}

func repeat(n int, d time.Duration) (all []time.Duration) {
	for range n {
		all = append(all, d)
	}
	return all
}

// Each node applies its configured limits, whichever node recorded the use.
func TestBrowserSessionLimitsOnTwoNodes(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	options := auth.Options{Now: w.Clock.Now, SessionIdle: 10 * time.Minute, SessionLife: 25 * time.Minute}
	one, two := auth.New(w.Store, options), auth.New(w.Store, options)
	token, session, err := one.LoginBrowser(t.Context(), w.Admin().Principal.Name, testkit.Password, auth.Client{})
	testkit.Check(t, err)
	if want := w.Clock.Now().Add(10 * time.Minute); !session.ExpiresAt.Equal(want) {
		t.Errorf("the session expires at %v, want %v", session.ExpiresAt, want)
	}
	for i, s := range []*auth.Service{two, one, two} {
		w.Clock.Advance(8 * time.Minute)
		if i > 0 { // the other node's cache is that of a single node: real ones have none
			s = auth.New(w.Store, options)
		}
		_, err := s.Caller(t.Context(), token, "")
		testkit.Check(t, err)
		auth.WaitNoted(s)
	}
	w.Clock.Advance(time.Minute)
	_, err = auth.New(w.Store, options).Caller(t.Context(), token, "")
	testkit.WantKind(t, err, notary.Unauthenticated)
}

// Recording use does not block calls and happens at most once a minute.
func TestUseIsRecordedOnceAMinute(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	me := w.Caller(notary.ReadOnly)
	for _, begin := range []func() string{
		func() string { return login(t, w, me.Principal.Name) },
		func() string { token, _ := loginBrowser(t, w, me.Principal.Name); return token },
	} {
		token := begin()
		seen := func() time.Time {
			all, err := w.Auth.Sessions(t.Context(), me, token)
			testkit.Check(t, err)
			for _, s := range all {
				if s.Current {
					return s.LastSeenAt
				}
			}
			t.Fatal("no session is the current one")
			return time.Time{}
		}
		begun := w.Clock.Now()
		w.Clock.Advance(59 * time.Second)
		use(t, w, token, true)
		if at := seen(); !at.Equal(begun) {
			t.Errorf("within the first minute it was recorded at %v", at)
		}
		w.Clock.Advance(time.Second)
		for range 20 {
			wantCaller(t, w, token, true)
		}
		auth.WaitNoted(w.Auth)
		if at := seen(); !at.Equal(w.Clock.Now()) {
			t.Errorf("it was last seen at %v, want %v", at, w.Clock.Now())
		}
	}
}

func TestUseDoesNotReviveASession(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	token, _ := loginBrowser(t, w, w.Admin().Principal.Name)
	w.Clock.Advance(10 * time.Minute)
	wantCaller(t, w, token, true)
	testkit.Check(t, w.Auth.Logout(t.Context(), w.Admin(), token))
	auth.WaitNoted(w.Auth)
	wantCaller(t, w, token, false)
}

// Users see their own sessions, most recent first, and can end them, but not those of others.
func TestOwnSessions(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	me, other := w.NewCaller(t, w.Admin(), notary.CertificateRequestor), w.Caller(notary.ReadOnly)
	theirs := login(t, w, other.Principal.Name)
	begun := w.Clock.Now()
	tool := login(t, w, me.Principal.Name)
	browser, session := loginBrowser(t, w, me.Principal.Name)
	all, err := w.Auth.Sessions(t.Context(), me, browser)
	testkit.Check(t, err)
	want := []*notary.Session{
		{ID: session.ID, AccountID: me.Principal.ID, Browser: true, Address: "192.0.2.1", UserAgent: "Mozilla/5.0",
			CreatedAt:  begun,
			LastSeenAt: begun, ExpiresAt: begun.Add(time.Hour), Current: true},
		{ID: session.ID - 1, AccountID: me.Principal.ID, Address: "192.0.2.1", CreatedAt: begun, LastSeenAt: begun,
			ExpiresAt: begun.Add(auth.TokenLife)},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Fatalf("the sessions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(*want[0], session); diff != "" {
		t.Errorf("the session returned by the login (-want +got):\n%s", diff)
	}

	testkit.WantKind(t, w.Auth.EndSession(t.Context(), other, session.ID), notary.NotFound)
	wantCaller(t, w, browser, true)
	testkit.Check(t, w.Auth.EndSession(t.Context(), me, session.ID))
	wantCaller(t, w, browser, false)
	testkit.WantKind(t, w.Auth.EndSession(t.Context(), me, session.ID), notary.NotFound)

	more := login(t, w, me.Principal.Name)
	testkit.WantKind(t, w.Auth.EndOtherSessions(t.Context(), me, browser), notary.Unauthenticated)
	testkit.WantKind(t, w.Auth.EndOtherSessions(t.Context(), me, theirs), notary.Unauthenticated)
	testkit.Check(t, w.Auth.EndOtherSessions(t.Context(), me, more))
	wantCaller(t, w, more, true)
	wantCaller(t, w, tool, false)
	wantCaller(t, w, theirs, true)
	events := w.Events(t)
	if last := events[len(events)-1]; last.Action != "account.logout" || last.Object != me.Ref() ||
		last.After["sessions"] != "all others" {
		t.Errorf("the event is %+v", last)
	}
}

// After a password change the session continues as one of the same kind with a new token; all others end.
func TestChangeMyPasswordAndStay(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	me := w.Caller(notary.ReadOnly)
	elsewhere := login(t, w, me.Principal.Name)
	token, session := loginBrowser(t, w, me.Principal.Name)
	for _, wrong := range []string{"", "no token", login(t, w, w.Admin().Principal.Name)} {
		_, _, err := w.Auth.ChangeMyPasswordAndStay(t.Context(), me, testkit.Password, newPassword, wrong)
		testkit.WantKind(t, err, notary.Unauthenticated)
	}
	if _, _, err := w.Auth.ChangeMyPasswordAndStay(t.Context(), me, "wrong", newPassword, token); true {
		testkit.WantField(t, err, "old_password")
	}
	wantCaller(t, w, token, true)
	next, stays, err := w.Auth.ChangeMyPasswordAndStay(t.Context(), me, testkit.Password, newPassword, token)
	testkit.Check(t, err)
	wantCaller(t, w, token, false)
	wantCaller(t, w, elsewhere, false)
	wantCaller(t, w, next, true)
	if stays.ID == session.ID || !stays.Browser || stays.UserAgent != session.UserAgent {
		t.Errorf("the session is %+v, want another browser's", stays)
	}
}

func TestUserAgents(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	for sent, want := range map[string]string{
		"":                              "",
		"notary/1.0":                    "notary/1.0",
		"<b>\x00\n\u202e\xff</b>":       "<b></b>",
		strings.Repeat("x", 1<<20):      strings.Repeat("x", 200),
		"x" + strings.Repeat("ü", 1000): "x" + strings.Repeat("ü", 99),
	} {
		_, session, err := w.Auth.LoginBrowser(t.Context(), w.Admin().Principal.Name, testkit.Password,
			auth.Client{UserAgent: sent})
		testkit.Check(t, err)
		if session.UserAgent != want {
			t.Errorf("%.30q is kept as %.250q, want %.250q", sent, session.UserAgent, want)
		}
	}
}

// A session started under a wrong clock ends no later than one started under the right clock, and is not revived.
func TestSessionsOfAWrongClock(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{20 * time.Hour, 10 * 365 * 24 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			w.Clock.Advance(ahead)
			token, err := w.Auth.Login(t.Context(), w.Admin().Principal.Name, testkit.Password,
				auth.Client{Address: "192.0.2.1"})
			testkit.Check(t, err)
			browser, _ := loginBrowser(t, w, w.Admin().Principal.Name)
			wantCaller(t, w, token, true)
			wantCaller(t, w, browser, true)
			w.Clock.Advance(-ahead) // the clock is corrected
			wantCaller(t, w, token, false)
			wantCaller(t, w, browser, false)
			sessions, err := w.Auth.Sessions(t.Context(), w.Admin(), token)
			testkit.Check(t, err)
			if len(sessions) > 0 {
				t.Errorf("%d sessions from the future are listed", len(sessions))
			}
			w.Reopen(t)
			wantCaller(t, w, token, false)
			testkit.Check(t, w.Auth.CleanUp(t.Context())) // like the periodic job
			w.Clock.Advance(ahead)
			wantCaller(t, w, token, false)
			wantCaller(t, w, browser, false)
		})
	}
}

// An expiry beyond the maximum lifetime is ignored.
func TestSessionsHaveAMaximumLife(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	token, err := w.Auth.Login(t.Context(), w.Admin().Principal.Name, testkit.Password, auth.Client{Address: "192.0.2.1"})
	testkit.Check(t, err)
	_, err = testkit.SQL(t, w.Database).Exec(`UPDATE session SET expires_at = expires_at + 1000000`)
	testkit.Check(t, err)
	w.Clock.Advance(24*time.Hour - time.Second)
	wantCaller(t, w, token, true)
	w.Clock.Advance(time.Second)
	w.Reopen(t)
	wantCaller(t, w, token, false)
}

// Clock differences of seconds between nodes end no session.
func TestSessionsOfAnotherNodesClock(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	w.Clock.Advance(30 * time.Second)
	token, err := w.Auth.Login(t.Context(), w.Admin().Principal.Name, testkit.Password, auth.Client{Address: "192.0.2.1"})
	testkit.Check(t, err)
	w.Clock.Advance(-30 * time.Second)
	wantCaller(t, w, token, true)
}
