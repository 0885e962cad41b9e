package server

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestShareDescriptors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		descriptors, listeners int
		want                   ConnectionLimits
	}{
		{64, 2, ConnectionLimits{16, 12, 4}},
		{512, 2, ConnectionLimits{192, 144, 48}},
		{1024, 2, ConnectionLimits{384, 288, 96}},
		{1024, 1, ConnectionLimits{768, 576, 192}},
		{20_000, 2, ConnectionLimits{9488, 768, 512}},
		{1 << 20, 2, ConnectionLimits{16384, 768, 512}},
	} {
		if got := shareDescriptors(tt.descriptors, tt.listeners); got != tt.want {
			t.Errorf("%d descriptors for %d listeners: %+v, want %+v", tt.descriptors, tt.listeners, got, tt.want)
		}
	}
}

type failing struct {
	net.Listener
	errs []error
}

func (f *failing) Accept() (net.Conn, error) {
	if len(f.errs) == 0 {
		return &peer{address: "192.0.2.1:1"}, nil
	}
	err := f.errs[0]
	f.errs = f.errs[1:]
	return nil, err
}

// On a lack of descriptors the listener neither ends nor spins, and closes idle connections.
func TestAcceptSurvivesALackOfDescriptors(t *testing.T) {
	t.Parallel()
	below, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer below.Close()
	table, log := newTable(wide), &logBuffer{}
	idle, _ := table.mustConnect(t, "192.0.2.2:1")
	lack := &net.OpError{Op: "accept", Err: syscall.EMFILE}
	l := newLimitedListener(&failing{below, []error{lack, syscall.ENFILE, syscall.ECONNABORTED, syscall.ENOBUFS}},
		table.connections, log.logger())
	var waits []time.Duration
	l.wait = func(d time.Duration) { waits = append(waits, d) }
	if _, err := l.Accept(); err != nil {
		t.Fatal(err)
	}
	wantClosed(t, idle)
	if len(waits) != 3 || waits[0] != minAcceptWait || waits[1] != 2*minAcceptWait || waits[2] != 4*minAcceptWait {
		t.Errorf("it waits for %v", waits)
	}
	if got := strings.Count(log.String(), "cannot accept connections"); got != 1 {
		t.Errorf("the log says so %d times", got)
	}
	l.Listener = &failing{below, []error{net.ErrClosed}}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener gives %v", err)
	}
}
