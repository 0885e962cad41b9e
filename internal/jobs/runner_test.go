package jobs_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"notary/internal/jobs"
	"notary/internal/testkit"
)

// started runs jobs until the returned function is called. (In a synctest bubble, time passes only when all goroutines
// are blocked.)
func started(t *testing.T, r *jobs.Runner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		r.Run(ctx)
		close(ended)
	}()
	synctest.Wait()
	return func() {
		cancel()
		<-ended
	}
}

func counting(n *atomic.Int32) func(context.Context) error {
	return func(context.Context) error {
		n.Add(1)
		return nil
	}
}

// A slow job delays no other, and does not run concurrently with itself.
func TestJobsRunIndependently(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var long, short atomic.Int32
		stop := started(t, jobs.New([]jobs.Job{
			{Name: "long", Every: time.Minute, Run: func(ctx context.Context) error {
				long.Add(1)
				<-ctx.Done()
				return ctx.Err()
			}},
			{Name: "short", Every: time.Minute, Run: counting(&short)},
		}, always, quiet))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if long.Load() != 1 || short.Load() != 11 {
			t.Errorf("started %d and %d times, want 1 and 11", long.Load(), short.Load())
		}
		stop()
	})
}

func TestJobsHaveTheirOwnIntervals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var hourly, often atomic.Int32
		stop := started(t, jobs.New([]jobs.Job{
			{Name: "hourly", Every: time.Hour, Run: counting(&hourly)},
			{Name: "often", Every: 10 * time.Second, Run: counting(&often)},
		}, always, quiet))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if hourly.Load() != 3 || often.Load() != 2*60*6+1 {
			t.Errorf("started %d and %d times", hourly.Load(), often.Load())
		}
		stop()
	})
}

// A job is canceled when another node holds the lease, or at the end of the term if the database does not respond.
func TestJobsEndWithTheLease(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err   error
		slow  time.Duration // how long a failed request takes
		after time.Duration
	}{
		"another node has it":           {nil, 0, 5 * time.Second},
		"the database does not answer":  {errors.New("no answer"), 0, 20 * time.Second},
		"the database hangs":            {errors.New("no answer"), time.Hour, 20 * time.Second},
		"the database answers too late": {errors.New("no answer"), 13 * time.Second, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				lease := func(context.Context, time.Duration) (bool, error) {
					asked++
					if asked > 1 {
						time.Sleep(test.slow)
						return false, test.err
					}
					return true, nil
				}
				begin := time.Now()
				var lasted time.Duration
				stop := started(t, jobs.New([]jobs.Job{{Name: "long", Every: time.Minute,
					Run: func(ctx context.Context) error {
						<-ctx.Done()
						lasted = time.Since(begin)
						return ctx.Err()
					}}}, lease, quiet))
				time.Sleep(time.Hour)
				stop()
				if lasted != test.after {
					t.Errorf("ended after %v, want %v", lasted, test.after)
				}
			})
		})
	}
}

func TestMetricsOfJobs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runner := jobs.New([]jobs.Job{
			{Name: "good", Every: time.Minute, Run: func(context.Context) error {
				time.Sleep(3 * time.Second)
				return nil
			}},
			{Name: "bad", Every: time.Minute, Run: func(context.Context) error { return errors.New("broken") }},
		}, always, quiet)
		registry := prometheus.NewPedanticRegistry()
		testkit.Check(t, registry.Register(runner))
		stop := started(t, runner)
		time.Sleep(61 * time.Second)
		stop()
		// A bubble begins at midnight UTC 2000-01-01, which is 946684800.
		answer := httptest.NewRecorder()
		promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(answer,
			httptest.NewRequest("GET", "/metrics", nil))
		for _, want := range []string{
			`notary_job_duration_seconds{name="bad"} 0`,
			`notary_job_duration_seconds{name="good"} 3`,
			`notary_job_failures_total{name="bad"} 2`,
			`notary_job_failures_total{name="good"} 0`,
			`notary_job_last_run_timestamp_seconds{name="bad"} 9.4668486e+08`,
			`notary_job_last_run_timestamp_seconds{name="good"} 9.466848e+08`,
		} {
			if !strings.Contains(answer.Body.String(), want+"\n") {
				t.Errorf("no %s in\n%s", want, answer.Body)
			}
		}
	})
}
