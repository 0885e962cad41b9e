package jobs

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics holds the metrics of the jobs. Their label is name because Prometheus sets the label job itself.
type metrics struct {
	lastRun, duration *prometheus.GaugeVec
	failures          *prometheus.CounterVec
}

func newMetrics() metrics {
	labels := []string{"name"}
	return metrics{
		lastRun: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "notary_job_last_run_timestamp_seconds",
			Help: "Start time of the last completed run of the periodic job on this node.",
		}, labels),
		duration: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "notary_job_duration_seconds",
			Help: "Duration of the last run of the periodic job.",
		}, labels),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "notary_job_failures_total",
			Help: "Failed runs of the periodic job.",
		}, labels),
	}
}

func (m metrics) observe(job string, started time.Time, err error) {
	m.lastRun.WithLabelValues(job).Set(float64(started.UnixMilli()) / 1000)
	m.duration.WithLabelValues(job).Set(time.Since(started).Seconds())
	if err != nil {
		m.failures.WithLabelValues(job).Inc()
	}
}

// Describe implements [prometheus.Collector].
func (r *Runner) Describe(c chan<- *prometheus.Desc) {
	r.metrics.lastRun.Describe(c)
	r.metrics.duration.Describe(c)
	r.metrics.failures.Describe(c)
}

// Collect implements [prometheus.Collector].
func (r *Runner) Collect(c chan<- prometheus.Metric) {
	r.metrics.lastRun.Collect(c)
	r.metrics.duration.Collect(c)
	r.metrics.failures.Collect(c)
}
