package ca_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"testing"

	"notary/internal/testkit"
)

// byItself lists the functions that write on behalf of the program, without a caller or before the caller is known.
var byItself = []string{"CleanUp", "CreateFirstAccount", "OfferSetupCode", "RecordRefusals", "Recover", "SetSetupCode",
	"buildOneCRL", "createResponder", "noteUse",
	"program", // signs for a rule in a transaction of the caller
	"recordHeldKeys", "seedProfiles"}

// WriteAs of the store verifies the caller. Write is only for the program itself.
func TestUseCasesWriteForTheirCaller(t *testing.T) {
	t.Parallel()
	var found []string
	for _, folder := range []string{".", "../auth", "../issuers", "../revocation"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		testkit.Check(t, err)
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			testkit.Check(t, err)
			if !slices.Contains([]string{"ca", "auth", "issuers", "revocation"}, file.Name.Name) {
				continue
			}
			for _, declared := range file.Decls {
				if function, ok := declared.(*ast.FuncDecl); ok && writesForTheProgram(function) {
					found = append(found, function.Name.Name)
				}
			}
		}
	}
	for _, name := range found {
		if !slices.Contains(byItself, name) {
			t.Errorf("%s calls Write, which does not verify the caller: use WriteAs", name)
		}
	}
	for _, name := range byItself {
		if !slices.Contains(found, name) {
			t.Errorf("%s no longer calls Write", name)
		}
	}
}

// writesForTheProgram reports whether a function calls Write, or uses [notary.SystemCaller] other than in an event.
func writesForTheProgram(function *ast.FuncDecl) (found bool) {
	ast.Inspect(function, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if ok && nameOf(call.Fun) == "EventBy" {
			return false
		}
		if ok && isStoreWrite(call.Fun) {
			found = true
		}
		if e, ok := n.(ast.Expr); ok && nameOf(e) == "SystemCaller" {
			found = true
		}
		return true
	})
	return found
}

func isStoreWrite(called ast.Expr) bool {
	selector, ok := called.(*ast.SelectorExpr)
	return ok && selector.Sel.Name == "Write" && nameOf(selector.X) == "store"
}

func nameOf(e ast.Expr) string {
	if selector, ok := e.(*ast.SelectorExpr); ok {
		return selector.Sel.Name
	}
	return ""
}
