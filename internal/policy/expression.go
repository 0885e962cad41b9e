package policy

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"notary"
)

// Limits on an expression. They are counts, so that the result of an expression does not depend on the load of the
// machine.
const (
	MaxExpression = 4000    // characters
	maxNodes      = 2000    // of the syntax tree, with macros expanded
	maxDepth      = 60      // of the syntax tree
	maxRegex      = 2000    // instructions of a compiled regular expression
	maxCost       = 20_000  // units of CEL's cost model, about a millisecond
	maxMemory     = 100_000 // list elements and characters in use at once
)

// Expression is a compiled condition on a request. It is safe for concurrent use.
type Expression struct {
	text string

	// limited stops an evaluation that exceeds the limits on cost and memory. ordinary has no limits. It evaluates
	// requests of ordinary size, and is nil unless their cost is known to be below the limit.
	limited, ordinary cel.Program
}

// environment returns the CEL environment of expressions, with their variables and functions.
var environment = sync.OnceValue(func() *cel.Env {
	env, err := cel.NewEnv(environmentOptions()...)
	if err != nil {
		panic(err) // a mistake in the declarations, which tests would find
	}
	return env
})

// Compile compiles an expression, or returns an Invalid error with the positions of its errors.
func Compile(text string) (*Expression, error) {
	env := environment()
	ast, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		return nil, invalidExpression("%s", positions(issues))
	}
	if ast.OutputType() != cel.BoolType {
		return nil, invalidExpression("it has the type %s, not bool: compare it with a value", ast.OutputType())
	}
	e := &Expression{text: text}
	var err error
	e.limited, err = env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost),
		cel.MemoryLimit(maxMemory))
	if err != nil {
		return nil, invalidExpression("%s", readable(err))
	}
	estimate, err := env.EstimateCost(ast, ordinarySizes{})
	if err != nil || estimate.Max > maxCost {
		return e, nil
	}
	if e.ordinary, err = env.Program(ast, cel.EvalOptions(cel.OptOptimize)); err != nil {
		return nil, invalidExpression("%s", readable(err))
	}
	return e, nil
}

func invalidExpression(format string, args ...any) error {
	return notary.FieldErrorf("expression", "the expression is not valid: "+format, args...)
}

// positions lists the first errors in an expression, such as "line 1, column 5: undeclared reference to 'nam'".
func positions(issues *cel.Issues) string {
	const most = 3
	var all []string
	for i, e := range issues.Errors() {
		if i == most {
			all = append(all, "…")
			break
		}
		message, _, _ := strings.Cut(e.Message, " (in container")
		if e.Location.Line() < 1 {
			all = append(all, shortened(message))
			continue
		}
		all = append(all, fmt.Sprintf("line %d, column %d: %s", e.Location.Line(), e.Location.Column()+1,
			shortened(message)))
	}
	return strings.Join(all, "; ")
}

// Matches reports whether the expression is true for a request. It returns an error if the expression cannot be
// evaluated or exceeds a limit.
func (e *Expression) Matches(f *Facts) (bool, error) {
	program := e.limited
	if e.ordinary != nil && f.ordinary() {
		program = e.ordinary
	}
	value, _, err := program.Eval(f)
	if err != nil {
		return false, errors.New(readable(err))
	}
	return value == types.True, nil
}

// readable returns the message of a CEL error, in plain words if a limit was exceeded and shortened otherwise.
func readable(err error) string {
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) {
		switch cancelled.Cause {
		case interpreter.CostLimitExceeded:
			return "it takes too long for this request"
		case interpreter.MemoryLimitExceeded:
			return "it uses too much memory for this request"
		}
	}
	return shortened(err.Error())
}

const maxProblem = 200 // characters

// shortened returns the text as one line of at most maxProblem printable characters.
func shortened(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
	if runes := []rune(text); len(runes) > maxProblem {
		text = string(runes[:maxProblem]) + "…"
	}
	return strings.ToValidUTF8(text, "�")
}
