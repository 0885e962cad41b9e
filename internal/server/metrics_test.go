package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"notary"
)

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestMetricsCountRequestsByRoute(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	log := &logBuffer{}
	metrics := NewMetrics("v1.2.3", noSummary, log.logger())
	mux.HandleFunc("GET /things/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/", http.NotFound)
	mux.HandleFunc("GET /boom", func(http.ResponseWriter, *http.Request) { panic("oops") })
	mux.HandleFunc("GET /busy", func(http.ResponseWriter, *http.Request) {
		wantIn(t, scrape(t, metrics), "notary_http_requests_in_flight 1\n")
	})
	h := newHandler(Config{Handler: mux, Metrics: metrics, Log: log.logger(), WriteTimeout: time.Minute}.withDefaults())
	for _, call := range []string{"GET /things/1", "GET /things/2", "GET /nothing/3", "BREW /coffee", "GET /boom",
		"GET /busy"} {
		method, path, _ := strings.Cut(call, " ")
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
	}
	text := scrape(t, metrics)
	wantIn(t, text,
		`notary_http_requests_total{code="200",method="GET",route="/things/{id}"} 2`+"\n",
		`notary_http_requests_total{code="404",method="GET",route="other"} 1`+"\n",
		`notary_http_requests_total{code="404",method="other",route="other"} 1`+"\n",
		`notary_http_requests_total{code="500",method="GET",route="/boom"} 1`+"\n",
		`notary_http_request_duration_seconds_count{method="GET",route="/things/{id}"} 2`+"\n",
		"notary_http_requests_in_flight 0\n",
		`notary_build_info{version="v1.2.3"} 1`+"\n",
		"\ngo_goroutines ")
	if strings.Contains(text, "nothing") || strings.Contains(text, "BREW") {
		t.Error("what clients send becomes a label: the number of series has no bound")
	}
}

func TestMetricsCounts(t *testing.T) {
	t.Parallel()
	statistics := notary.Statistics{
		Summary: notary.Summary{
			Requests:     map[notary.RequestStatus]int64{notary.Outstanding: 3, notary.Active: 12},
			Expiring:     map[int]int64{7: 2, 30: 5, 90: 9},
			Certificates: 20,
			Damaged:      3,
		},
		Counts: notary.CertificateCounts{InForce: 11, Expired: 5, Revoked: 4},
		Authorities: []notary.AuthorityCounts{
			{ID: 1, CommonName: `Root "A"`, NotAfter: time.Unix(2_000_000_000, 0), Issued: 18, InForce: 10, Revocations: 4},
			{ID: 2, CommonName: "pending"},
		},
	}
	m := NewMetrics("", func(context.Context) (notary.Statistics, error) { return statistics, nil },
		(&logBuffer{}).logger())
	wantIn(t, scrape(t, m),
		`notary_certificate_requests{status="Outstanding"} 3`,
		`notary_certificate_requests{status="Active"} 12`,
		`notary_certificate_requests{status="Rejected"} 0`,
		`notary_certificate_requests{status="Revoked"} 0`,
		`notary_certificates_expiring{days="1"} 0`,
		`notary_certificates_expiring{days="7"} 2`,
		`notary_certificates_expiring{days="30"} 5`,
		`notary_certificates_expiring{days="90"} 9`,
		"notary_certificates 20\n", "notary_certificates_valid 11\n", "notary_certificates_expired 5\n",
		"notary_certificates_revoked 4\n",
		"notary_damaged_records 3\n",
		`notary_ca_certificates{ca="Root \"A\"",ca_id="1"} 18`,
		`notary_ca_certificates_valid{ca="Root \"A\"",ca_id="1"} 10`,
		`notary_ca_revocations{ca="Root \"A\"",ca_id="1"} 4`,
		`notary_ca_not_after_timestamp_seconds{ca="Root \"A\"",ca_id="1"} 2e+09`,
		`notary_ca_certificates{ca="pending",ca_id="2"} 0`)
	if strings.Contains(scrape(t, m), `notary_ca_not_after_timestamp_seconds{ca="pending"`) {
		t.Error("a pending CA has an expiry")
	}
}

// A scrape with the token gets all series. If no token is configured, all get the version only.
func TestMetricsNeedTheirToken(t *testing.T) {
	t.Parallel()
	m := NewMetrics("v1.2.3", noSummary, (&logBuffer{}).logger())
	const secret = "correct-horse-battery"
	for _, test := range []struct {
		token, authorization string
		status               int
		all                  bool
	}{
		{"", "", 200, false},
		{"", "Bearer ", 200, false},
		{"", "Bearer " + secret, 200, false},
		{secret, "", 401, false},
		{secret, "Bearer", 401, false},
		{secret, "Bearer correct-horse", 401, false},
		{secret, "Basic " + secret, 401, false},
		{secret, secret, 401, false},
		{secret, "Bearer " + secret, 200, true},
		{secret, "bearer " + secret, 200, true},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil)
		r.Header.Set("Authorization", test.authorization)
		refused := 0
		m.Protected(func() string { return test.token }, func(*http.Request) { refused++ }).ServeHTTP(w, r)
		if (refused == 1) != (test.status == 401) {
			t.Errorf("token %q, %q: refused %d times", test.token, test.authorization, refused)
		}
		if w.Code != test.status {
			t.Errorf("token %q, %q: status %d", test.token, test.authorization, w.Code)
		}
		for _, series := range []string{"go_goroutines", "process_", "notary_certificate", "notary_http", "promhttp"} {
			if strings.Contains(w.Body.String(), series) && !test.all {
				t.Errorf("token %q, %q: %s is shown", test.token, test.authorization, series)
			}
		}
		if shown := strings.Contains(w.Body.String(), "notary_certificates "); shown != test.all {
			t.Errorf("token %q, %q: the series are shown: %v", test.token, test.authorization, shown)
		}
	}
}

func TestFailingSummaryCostsItsOwnSeriesOnly(t *testing.T) {
	t.Parallel()
	log := &logBuffer{}
	m := NewMetrics("v1.2.3", func(context.Context) (notary.Statistics, error) {
		return notary.Statistics{}, errors.New("the disk is on fire")
	}, log.logger())
	scrape(t, m)
	text := scrape(t, m) // the second scrape shows the first failure
	wantIn(t, text, "notary_build_info", "go_goroutines",
		`promhttp_metric_handler_errors_total{cause="gathering"} 1`)
	for _, unwanted := range []string{"notary_certificate", "on fire"} {
		if strings.Contains(text, unwanted) {
			t.Errorf("%q in the metrics of a failed summary", unwanted)
		}
	}
	wantIn(t, log.String(), "on fire")
}
