package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"notary"
)

// Facts describes a request to the expressions of rules. The functions are called only if an expression needs their
// results, possibly more than once. Values are computed once, even if several sets of rules are evaluated. Facts are
// not safe for concurrent use.
type Facts struct {
	Names       notary.Names
	CommonName  string
	CommonNames []string // all common names of the subject
	Key         string   // such as "ECDSA P-256"

	// Requested values.
	Profile     string
	AuthorityID int64
	Validity    time.Duration
	Labels      map[string]string

	Principal notary.Ref
	Account   string // email address
	Role      string
	Protocol  string
	Source    string // IP address
	Now       time.Time

	LookUpPrincipal func() (notary.Ref, error) // instead of Principal
	LookUpAccount   func() (string, error)     // instead of Account
	LookUpRole      func() (string, error)     // instead of Role
	LookUpSubject   func() (map[string][]string, error)
	LookUpGroups    func() ([]string, error)
	LookUpPrevious  func() (*Previous, error) // returns nil if no such certificate exists
	LookUpSource    func() (string, error)    // instead of Source

	values []ref.Val // by index in Variables
	size   sizeClass
	failed error // error of a function
}

// Previous is the latest unrevoked certificate for the names of a request.
type Previous struct {
	Owner               string // email address of the account, or name of the group
	GroupOwned          bool   // whether Owner is a group
	SameOwner           bool   // whether the request has the same owner
	Profile             string
	AuthorityID         int64
	NotBefore, NotAfter time.Time
}

type sizeClass int

const (
	sizeUnknown sizeClass = iota
	sizeOrdinary
	sizeLarge
)

// ResolveName implements [cel.Activation].
func (f *Facts) ResolveName(name string) (any, bool) {
	i, ok := variableIndex[name]
	if !ok {
		return nil, false
	}
	if f.values == nil {
		f.values = make([]ref.Val, len(Variables))
	}
	if f.values[i] == nil {
		f.values[i] = Variables[i].value(f)
	}
	return f.values[i], true
}

// Parent implements [cel.Activation].
func (f *Facts) Parent() cel.Activation { return nil }

// ordinary reports whether no list or text is larger than [ordinarySizes] assumes.
func (f *Facts) ordinary() bool {
	if f.size == sizeUnknown {
		f.size = sizeLarge
		if f.isOrdinary() {
			f.size = sizeOrdinary
		}
	}
	return f.size == sizeOrdinary
}

func (f *Facts) isOrdinary() bool {
	long := func(text string) bool { return len(text) > ordinaryText }
	names := f.allNames()
	if len(names) > ordinaryList || slices.ContainsFunc(names, long) || len(f.Labels) > ordinaryList {
		return false
	}
	for name, value := range f.Labels {
		if long(name) || long(value) {
			return false
		}
	}
	return !long(f.Principal.Name) && !long(f.Account) && !long(f.Profile)
}

func (f *Facts) allNames() []string {
	all := f.Names.All()
	for _, name := range slices.Concat(f.CommonNames, []string{f.CommonName}) {
		if name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

type keyFacts struct {
	algorithm, curve string
	size             int
}

// key splits the name of the key, such as "ECDSA P-256", into its parts.
func (f *Facts) key() (k keyFacts) {
	family, rest, _ := strings.Cut(f.Key, " ")
	k.algorithm = strings.ToLower(family)
	switch k.algorithm {
	case "rsa":
		k.size, _ = strconv.Atoi(rest)
	case "ecdsa":
		k.curve = rest
		k.size, _ = strconv.Atoi(strings.TrimPrefix(rest, "P-"))
	case "ed25519":
		k.curve, k.size = "Ed25519", 256
	}
	return k
}

func listOf(all []string) ref.Val { return types.NewStringList(types.DefaultTypeAdapter, all) }

func (f *Facts) subject() ref.Val {
	all, err := lookUp(f, f.LookUpSubject)
	if err != nil {
		return err
	}
	// isOrdinary does not cover the subject, so its size is limited here.
	for _, values := range all {
		for _, value := range values {
			if len(all) > ordinaryList || len(values) > ordinaryList || len(value) > ordinaryText {
				return types.NewErr("the subject is too large for rules")
			}
		}
	}
	return types.DefaultTypeAdapter.NativeToValue(all)
}

func (f *Facts) groups() ref.Val {
	all, err := lookUp(f, f.LookUpGroups)
	switch {
	case err != nil:
		return err
	case len(all) > ordinaryList:
		return types.NewErr("the principal is in more than %d groups", ordinaryList)
	}
	return listOf(all)
}

func (f *Facts) account() ref.Val { return f.textOr(f.Account, f.LookUpAccount) }

func (f *Facts) role() ref.Val { return f.textOr(f.Role, f.LookUpRole) }

func (f *Facts) source() ref.Val { return f.textOr(f.Source, f.LookUpSource) }

func (f *Facts) textOr(known string, function func() (string, error)) ref.Val {
	if function == nil {
		return types.String(known)
	}
	text, err := lookUp(f, function)
	switch {
	case err != nil:
		return err
	case len(text) > ordinaryText:
		return types.NewErr("the text is too long for rules")
	}
	return types.String(text)
}

// principal returns the function that computes a variable about the principal.
func principal(value func(notary.Ref) ref.Val) func(*Facts) ref.Val {
	return func(f *Facts) ref.Val {
		if f.LookUpPrincipal == nil {
			return value(f.Principal)
		}
		by, err := lookUp(f, f.LookUpPrincipal)
		switch {
		case err != nil:
			return err
		case len(by.Name) > ordinaryText:
			return types.NewErr("the principal's name is too long for rules")
		}
		return value(by)
	}
}

func (f *Facts) protocol() ref.Val {
	if f.Protocol == "" {
		return types.NewErr("the protocol of this request was not recorded")
	}
	return types.String(f.Protocol)
}

func (f *Facts) certifiedBefore() ref.Val {
	p, err := lookUp(f, f.LookUpPrevious)
	if err != nil {
		return err
	}
	return types.Bool(p != nil)
}

// previous returns the function that computes a variable about the previous certificate. The variable is an error if no
// such certificate exists.
func previous(value func(*Previous) ref.Val) func(*Facts) ref.Val {
	return func(f *Facts) ref.Val {
		p, err := lookUp(f, f.LookUpPrevious)
		switch {
		case err != nil:
			return err
		case p == nil:
			return types.NewErr("there is no earlier certificate: test certified_before first")
		}
		return value(p)
	}
}

// lookUp calls a function of the facts. On error it returns an error value and records the error for [RuleSet.Decide].
func lookUp[T any](f *Facts, function func() (T, error)) (value T, problem ref.Val) {
	if function == nil {
		return value, nil
	}
	value, err := function()
	if err != nil {
		f.failed = err
		return value, types.NewErr("the database could not be read")
	}
	return value, nil
}
