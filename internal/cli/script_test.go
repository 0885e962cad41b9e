package cli

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"notary/internal/testkit"
)

// TestScripts runs the scripts in testdata/script with the program as a user gets it, and verifies the results with
// openssl and curl. In addition to testscript's own commands, scripts can use
//
//	server [args]   start a server on free ports with the data folder "data", and set NOTARY_SERVER and PUBLISHED
//	                to its URLs; it is killed at the end of the script
//	stop            stop the server with SIGTERM and require exit code 0
//	freeport NAME   set a variable to an unused port
func TestScripts(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	testkit.Require(t, "curl")
	testkit.Require(t, "certtool")
	testkit.Require(t, "ocsptool")
	testkit.Require(t, "pk12util")
	testkit.Require(t, "keytool")
	binary := buildProgram(t)
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "config"))
			env.Setenv("NOTARY_PASSWORD", testkit.Password)
			env.Setenv("NOTARY_DATA", "data")
			env.Values[serverKey] = new(process)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server":   func(ts *testscript.TestScript, _ bool, args []string) { scriptServer(ts, binary, args) },
			"stop":     func(ts *testscript.TestScript, _ bool, _ []string) { scriptStop(ts) },
			"freeport": func(ts *testscript.TestScript, _ bool, args []string) { ts.Setenv(args[0], freePort(ts)) },
		},
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
	})
}

const serverKey = "server"

func scriptServer(ts *testscript.TestScript, binary string, args []string) {
	server := ts.Value(serverKey).(*process)
	*server = process{env: []string{"NOTARY_METRICS_TOKEN=a-token-of-scripts"}}
	ts.Check(server.start(ts.MkAbs("."), binary,
		append([]string{"start", "--data", "data", "--listen", "127.0.0.1:0", "--publish-listen", "127.0.0.1:0"},
			args...)...))
	ts.Defer(server.kill)
	ts.Setenv("NOTARY_SERVER", server.url)
	ts.Setenv("PUBLISHED", server.publishes)
}

func scriptStop(ts *testscript.TestScript) {
	server := ts.Value(serverKey).(*process)
	server.once.Do(func() {
		ts.Check(server.cmd.Process.Signal(syscall.SIGTERM))
		ts.Check(server.cmd.Wait())
	})
}

func freePort(ts *testscript.TestScript) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
