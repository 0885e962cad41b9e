package notary_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mayImport lists the packages of this module that each package may import, except in tests.
var mayImport = map[string][]string{
	"notary":                   {},                                // vocabulary of all others
	"notary/api":               {},                                // clients import it without the server
	"notary/client":            {"notary", "notary/api"},          // errors are those of the vocabulary
	"notary/internal/files":    {"notary"},                        // errors only
	"notary/internal/pki":      {"notary"},                        // pure functions on X.509
	"notary/internal/issuance": {"notary", "notary/internal/pki"}, // pure: its caller loads issuer and profile
	// It matches names like profiles do, and reads no grants itself.
	"notary/internal/policy": {"notary", "notary/internal/issuance"},
	// Judges files from anywhere: it lints like issuance, and needs no database.
	"notary/internal/inspect": {"notary", "notary/internal/pki", "notary/internal/issuance"},
	// Keys may be in a hardware security module, so it needs no database either.
	"notary/internal/keystore": {"notary", "notary/internal/pki"},
	"notary/internal/db":       {"notary"}, // errors only: see TestDBImportsOnlyErrors
	// Packages above the store do not use SQL. Package query plans lists without knowledge of the rows.
	"notary/internal/store":       {"notary", "notary/internal/db", "notary/internal/store/query"},
	"notary/internal/store/query": {"notary", "notary/internal/db"},
	// It reads whole databases with the store's methods. The store does not import it.
	"notary/internal/store/archive": {"notary", "notary/internal/db", "notary/internal/store",
		"notary/internal/store/query"},
	"notary/internal/damage": {"notary", "notary/internal/store"}, // reports damage that it finds
	// Independent of callers and use cases.
	"notary/internal/issuers": {"notary", "notary/internal/damage", "notary/internal/issuance", "notary/internal/keystore",
		"notary/internal/pki", "notary/internal/policy", "notary/internal/store"}, // policy compiles rules
	// Revoking is in ca, so that nodes can publish without the use cases.
	"notary/internal/revocation": {"notary", "notary/internal/damage", "notary/internal/issuance",
		"notary/internal/issuers",
		"notary/internal/keystore", "notary/internal/pki", "notary/internal/store"},
	// The use cases, for every protocol, independent of HTTP.
	"notary/internal/ca": {"notary", "notary/internal/damage", "notary/internal/issuance", "notary/internal/issuers",
		"notary/internal/keystore", "notary/internal/pki", "notary/internal/policy", "notary/internal/revocation",
		"notary/internal/store",
		"notary/internal/store/archive"}, // for the periodic check of the records
	// Opens the services of a node, so that they are wired alike in app and in tests, which cannot all import app.
	"notary/internal/node": {"notary/internal/ca", "notary/internal/damage", "notary/internal/issuers",
		"notary/internal/keystore", "notary/internal/revocation", "notary/internal/store"},
	// Independent of the use cases for certificates.
	"notary/internal/auth":  {"notary", "notary/internal/policy", "notary/internal/store"},
	"notary/internal/clock": {"notary", "notary/internal/policy", "notary/internal/store"},
	// HTTP for any handler. It answers some errors itself, in the API's form.
	"notary/internal/server": {"notary", "notary/api"},
	// Validates settings with the packages that use them, and opens nothing.
	"notary/internal/config": {"notary", "notary/internal/auth", "notary/internal/files", "notary/internal/server",
		"notary/internal/store"},
	// Handlers use the use cases, never the store.
	"notary/internal/rest": {"notary", "notary/api", "notary/internal/ca", "notary/internal/auth", "notary/internal/clock",
		"notary/internal/inspect", "notary/internal/policy", "notary/internal/server",
		"notary/internal/revocation"}, // the current CRL
	"notary/internal/web": {"notary", "notary/internal/ca", "notary/internal/auth", "notary/internal/inspect",
		"notary/internal/policy", "notary/internal/server", "notary/internal/web/page",
		"notary/internal/revocation"}, // the current CRL
	// Renders generic content. Handlers know objects and use cases: see TestPageImportsOnlyErrors.
	"notary/internal/web/page": {"notary"},
	// Nodes that only publish have no use cases.
	"notary/internal/publish": {"notary", "notary/internal/issuers", "notary/internal/revocation",
		"notary/internal/server"},
	"notary/internal/jobs": {"notary"},              // jobs are registered in app
	"notary/cmd/notary":    {"notary/internal/cli"}, // a few lines, so that tests can run the program
	// Only commands that work directly on a database use the store.
	"notary/internal/cli": {"notary", "notary/api", "notary/client", "notary/internal/app", "notary/internal/auth",
		"notary/internal/ca", "notary/internal/config", "notary/internal/files", "notary/internal/inspect",
		"notary/internal/issuance", "notary/internal/keystore", "notary/internal/pki", "notary/internal/server",
		"notary/internal/store", "notary/internal/store/archive"},
	// The only package that imports all of them.
	"notary/internal/app": {"notary", "notary/internal/auth", "notary/internal/ca", "notary/internal/clock",
		"notary/internal/config", "notary/internal/files", "notary/internal/issuers",
		"notary/internal/jobs", "notary/internal/keystore", "notary/internal/node", "notary/internal/pki", "notary/internal/publish",
		"notary/internal/rest", "notary/internal/revocation", "notary/internal/server",
		"notary/internal/store", "notary/internal/web"},
}

// mayImportAll lists programs and test support, which may import anything.
var mayImportAll = []string{"notary/cmd/bench", "notary/internal/testkit",
	"notary/internal/app/apptest", "notary/internal/store/storetest"}

type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

func TestImportRules(t *testing.T) {
	for _, p := range list(t, "./...") {
		if slices.Contains(mayImportAll, p.ImportPath) {
			continue
		}
		allowed, known := mayImport[p.ImportPath]
		if !known {
			t.Errorf("%s is not in mayImport: add it there and to docs/architecture.md", p.ImportPath)
		}
		for _, imported := range p.Imports {
			if ours(imported) && !slices.Contains(allowed, imported) {
				t.Errorf("%s imports %s, which mayImport does not allow", p.ImportPath, imported)
			}
		}
	}
}

func TestOnlyCLIImportsApp(t *testing.T) {
	for _, p := range list(t, "./...") {
		if p.ImportPath == "notary/internal/cli" || p.ImportPath == "notary/internal/app/apptest" {
			continue
		}
		if slices.Contains(p.Imports, "notary/internal/app") {
			t.Errorf("%s imports internal/app", p.ImportPath)
		}
	}
}

func TestVocabularyImportsOnlyTheStandardLibrary(t *testing.T) {
	for _, p := range list(t, "-deps", ".") {
		if !p.Standard && p.ImportPath != "notary" {
			t.Errorf("package notary depends on %s", p.ImportPath)
		}
	}
	refuseImports(t, ".", "database/sql", "net/http", "encoding/json")
}

func TestStoreDoesNotImportX509(t *testing.T) {
	refuseImports(t, "./internal/store/...", "crypto/x509", "crypto/x509/pkix")
	refuseImports(t, "./internal/db", "crypto/x509", "crypto/x509/pkix")
}

// Package db serves all packages that own tables.
func TestDBImportsOnlyErrors(t *testing.T) { wantOnlyErrors(t, "internal/db") }

// Package page serves all packages with pages.
func TestPageImportsOnlyErrors(t *testing.T) { wantOnlyErrors(t, "internal/web/page") }

func wantOnlyErrors(t *testing.T, folder string) {
	t.Helper()
	errorWords := []string{"Error", "Errorf", "FieldErrorf", "InternalError", "Exhausted", "Recovered", "Invalid",
		"Forbidden",
		"NotFound", "Conflict", "Unprocessable", "TooLarge", "Unavailable", "OutcomeUnknown"}
	files, err := filepath.Glob(folder + "/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", folder, err)
	}
	word := regexp.MustCompile(`\bnotary\.([A-Z]\w*)`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, used := range word.FindAllStringSubmatch(string(text), -1) {
			if !strings.HasSuffix(file, "_test.go") && !slices.Contains(errorWords, used[1]) {
				t.Errorf("%s uses notary.%s", file, used[1])
			}
		}
	}
}

func TestFilesAndFunctionsOfPagesAreShort(t *testing.T) {
	const maxLines, maxFunction = 400, 60
	for _, folder := range []string{"internal/web", "internal/web/page"} {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		for _, name := range files {
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			line := func(pos token.Pos) int { return set.Position(pos).Line }
			if n := line(file.FileEnd); n > maxLines {
				t.Errorf("%s has %d lines", name, n)
			}
			for _, declared := range file.Decls {
				f, ok := declared.(*ast.FuncDecl)
				if n := line(declared.End()) - line(declared.Pos()); ok && n > maxFunction && !strings.HasSuffix(name, "_test.go") {
					t.Errorf("%s: %s has %d lines", name, f.Name, n)
				}
			}
		}
	}
}

// Only package keystore generates and opens keys, which may be in a hardware security module.
func TestOnlyTheKeystoreGeneratesKeys(t *testing.T) {
	generates := regexp.MustCompile(`\bGenerateKey\(|\bNewKeyFromSeed\(`)
	for _, folder := range []string{"ca", "issuers", "revocation"} {
		files, err := filepath.Glob("internal/" + folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(file, "_test.go") && generates.Match(text) {
				t.Errorf("%s generates a key: keystore.Keys does that", file)
			}
		}
	}
}

// Only package policy decides who may do what: others overlook grants.
func TestOnlyPolicyAsksRoles(t *testing.T) {
	asks := regexp.MustCompile(`\.(May|Require)\(notary\.|caller\.Role [!=]= |notary\.RolesWith\(`)
	for _, folder := range []string{"auth", "ca", "clock"} {
		files, err := filepath.Glob("internal/" + folder + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if found := asks.Find(text); found != nil && !strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s has %s: call policy.Allow, AllowRole or May", file, found)
			}
		}
	}
}

func TestPackageNames(t *testing.T) {
	refused := []string{"util", "utils", "common", "types", "models", "helpers", "backends"}
	for _, p := range list(t, "./...") {
		if slices.Contains(refused, path.Base(p.ImportPath)) {
			t.Errorf("%s: name the package after its content", p.ImportPath)
		}
	}
}

func refuseImports(t *testing.T, pattern string, refused ...string) {
	t.Helper()
	for _, p := range list(t, pattern) {
		for _, imported := range p.Imports {
			if slices.Contains(refused, imported) {
				t.Errorf("%s imports %s", p.ImportPath, imported)
			}
		}
	}
}

func ours(importPath string) bool {
	return importPath == "notary" || strings.HasPrefix(importPath, "notary/")
}

func list(t *testing.T, args ...string) (all []listed) {
	t.Helper()
	flags := []string{"list", "-pgo=off", "-json=ImportPath,Standard,Imports"} // the profile would list packages twice
	out, err := exec.Command("go", append(flags, args...)...).Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatalf("go list %v found no package", args)
	}
	return all
}
