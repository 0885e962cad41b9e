package server

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

type deadlines struct {
	*httptest.ResponseRecorder
	start time.Time
	set   []time.Duration // since start
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.set = append(d.set, t.Sub(d.start))
	return nil
}

func newTimedResponse(timeout time.Duration) (*response, *deadlines) {
	d := &deadlines{ResponseRecorder: httptest.NewRecorder(), start: time.Now()}
	return &response{ResponseWriter: d, control: http.NewResponseController(d), timeout: timeout}, d
}

func TestWriteDeadlineMovesOnWithEveryWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, d := newTimedResponse(time.Minute)
		for range 6 { // at 0 s, 10 s, …, 50 s
			w.Write([]byte("a part of a long list"))
			time.Sleep(10 * time.Second) // in the bubble
		}
		// Not on every write, but early enough that a client always has at least three quarters of the timeout.
		want := []time.Duration{60 * time.Second, 80 * time.Second, 100 * time.Second}
		if diff := cmp.Diff(want, d.set); diff != "" {
			t.Errorf("deadlines (-want +got):\n%s", diff)
		}
	})
}

func TestAnswersWithoutABodyHaveAWriteDeadline(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*response){
		"only a status": func(w *response) { w.WriteHeader(http.StatusNoContent) },
		"nothing said":  func(w *response) { w.finish() },
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, d := newTimedResponse(time.Minute)
				answer(w)
				if diff := cmp.Diff([]time.Duration{time.Minute}, d.set); diff != "" {
					t.Errorf("deadlines (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestStatusIsTheFinalOne(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer func(http.ResponseWriter)
		want   int
	}{
		"as written":          {func(w http.ResponseWriter) { w.WriteHeader(404) }, 404},
		"the first counts":    {func(w http.ResponseWriter) { w.WriteHeader(404); w.WriteHeader(500) }, 404},
		"a body alone is 200": {func(w http.ResponseWriter) { w.Write([]byte("x")) }, 200},
		"early hints are not": {func(w http.ResponseWriter) { w.WriteHeader(103); w.WriteHeader(201) }, 201},
		"nothing yet":         {func(http.ResponseWriter) {}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := newTimedResponse(time.Minute)
			test.answer(w)
			if w.status != test.want {
				t.Errorf("status %d, want %d", w.status, test.want)
			}
		})
	}
}
