package policy

import (
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"

	"notary"
)

// Variable describes a variable that expressions can use.
type Variable struct {
	Name, Type, Text string

	of    *cel.Type
	value func(*Facts) ref.Val
}

var stringList = cel.ListType(cel.StringType)

// Variables lists the variables of expressions in the order of the documentation.
var Variables = []Variable{
	{"names", "list of strings", "All names of all types, and the common names", stringList,
		func(f *Facts) ref.Val { return listOf(f.allNames()) }},
	{"dns_names", "list of strings", "DNS names, in lower case", stringList,
		func(f *Facts) ref.Val { return listOf(f.Names.DNS) }},
	{"ip_addresses", "list of strings", "IP addresses, in their shortest form", stringList,
		func(f *Facts) ref.Val { return listOf(f.Names.IP) }},
	{"email_addresses", "list of strings", "Email addresses", stringList,
		func(f *Facts) ref.Val { return listOf(f.Names.Email) }},
	{"uris", "list of strings", "URIs", stringList, func(f *Facts) ref.Val { return listOf(f.Names.URI) }},
	{"user_principal_names", "list of strings", "Windows user principal names", stringList,
		func(f *Facts) ref.Val { return listOf(f.Names.UPN) }},
	{"common_name", "string", "The common name; \"\" without one", cel.StringType,
		func(f *Facts) ref.Val { return types.String(f.CommonName) }},
	{"subject", "map from string to list of strings",
		"Values of the subject's attributes by type, such as subject.organization_name",
		cel.MapType(cel.StringType, stringList), (*Facts).subject},
	{"key.algorithm", "string", "\"rsa\", \"ecdsa\" or \"ed25519\"", cel.StringType,
		func(f *Facts) ref.Val { return types.String(f.key().algorithm) }},
	{"key.size", "int", "Size in bits, such as 2048 or 256", cel.IntType,
		func(f *Facts) ref.Val { return types.Int(f.key().size) }},
	{"key.curve", "string", "\"P-256\", \"P-384\", \"P-521\" or \"Ed25519\"; \"\" for RSA", cel.StringType,
		func(f *Facts) ref.Val { return types.String(f.key().curve) }},
	{"profile", "string", "The profile that the requester asks for; \"\" for none", cel.StringType,
		func(f *Facts) ref.Val { return types.String(f.Profile) }},
	{"authority_id", "int", "The CA that the requester asks for; 0 for none", cel.IntType,
		func(f *Facts) ref.Val { return types.Int(f.AuthorityID) }},
	{"validity", "duration", "The validity that the requester asks for; 0s for none", cel.DurationType,
		func(f *Facts) ref.Val { return types.Duration{Duration: f.Validity} }},
	{"labels", "map from string to string", "The labels of the request", cel.MapType(cel.StringType, cel.StringType),
		func(f *Facts) ref.Val { return types.NewStringStringMap(types.DefaultTypeAdapter, f.Labels) }},
	{"principal.account", "string", "Email address of the account that submits the request; of a token, of its account",
		cel.StringType, (*Facts).account},
	{"principal.kind", "string", "\"account\" or \"token\"", cel.StringType,
		principal(func(by notary.Ref) ref.Val { return types.String(by.Kind) })},
	{"principal.id", "int", "ID of the account or API token that submits the request; no two have the same", cel.IntType,
		principal(func(by notary.Ref) ref.Val { return types.Int(by.ID) })},
	{"principal.name", "string", "Email address of the account, or the name of the API token, which anyone can choose",
		cel.StringType, principal(func(by notary.Ref) ref.Val { return types.String(by.Name) })},
	{"principal.role", "string", "\"Admin\", \"Certificate Manager\" or \"Certificate Requestor\"; of a token, the " +
		"role of its account", cel.StringType, (*Facts).role},
	{"principal.groups", "list of strings", "The names of the principal's groups; of a token, of its account's",
		stringList, (*Facts).groups},
	{"protocol", "string", "\"api\" or \"web\"", cel.StringType, (*Facts).protocol},
	{"source", "string", "The client's IP address", cel.StringType, (*Facts).source},
	{"certified_before", "bool", "Whether there is an earlier certificate for the same names that is not revoked",
		cel.BoolType, (*Facts).certifiedBefore},
	{"previous.owner", "string", "The owner of the latest of these: an email address, or the name of a group",
		cel.StringType, previous(func(p *Previous) ref.Val { return types.String(p.Owner) })},
	{"previous.same_owner", "bool", "Whether that is the owner of the request", cel.BoolType,
		previous(func(p *Previous) ref.Val { return types.Bool(p.SameOwner) })},
	{"previous.profile", "string", "Its profile", cel.StringType,
		previous(func(p *Previous) ref.Val { return types.String(p.Profile) })},
	{"previous.authority_id", "int", "The CA that issued it", cel.IntType,
		previous(func(p *Previous) ref.Val { return types.Int(p.AuthorityID) })},
	{"previous.not_before", "timestamp", "The start of its validity", cel.TimestampType,
		previous(func(p *Previous) ref.Val { return types.Timestamp{Time: p.NotBefore} })},
	{"previous.not_after", "timestamp", "Its expiry", cel.TimestampType,
		previous(func(p *Previous) ref.Val { return types.Timestamp{Time: p.NotAfter} })},
	{"now", "timestamp", "The time at which the request is created", cel.TimestampType,
		func(f *Facts) ref.Val { return types.Timestamp{Time: f.Now} }},
}

// Function describes a function that expressions can use.
type Function struct{ Example, Text string }

// Functions lists our own functions and an example from CEL's network extension. All functions of CEL and of its string
// and network extensions are available.
var Functions = []Function{
	{`names.below("dev.example.com")`,
		"Whether there are names and all of them are DNS names below the domain, not the domain itself"},
	{`dns_names[0].below("dev.example.com")`, "Whether one name is a DNS name below the domain, not the domain itself"},
	{`cidr("10.0.0.0/8").containsIP(source)`, "Whether an IP address is in the range"},
	{`days(90)`, "A duration of 90 days"},
}

var variableIndex = func() map[string]int {
	all := map[string]int{}
	for i, v := range Variables {
		all[v.Name] = i
	}
	return all
}()

func environmentOptions() []cel.EnvOption {
	options := []cel.EnvOption{
		ext.Strings(), ext.Network(),
		cel.ParserExpressionSizeLimit(MaxExpression), cel.ExpressionNodeLimit(maxNodes),
		cel.ParserRecursionLimit(maxDepth), cel.RegexProgramSizeLimit(maxRegex),
		cel.ExtendedValidations(),
		cel.Function("below",
			cel.MemberOverload("string_below_string", []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType,
				cel.BinaryBinding(nameBelow)),
			cel.MemberOverload("list_below_string", []*cel.Type{stringList, cel.StringType}, cel.BoolType,
				cel.BinaryBinding(namesBelow))),
		cel.Function("days", cel.Overload("days_int", []*cel.Type{cel.IntType}, cel.DurationType,
			cel.UnaryBinding(days))),
		cel.CostModel(
			cost.MemberOverload("string_below_string", cost.EvalCost(cost.StringScan(cost.Length(cost.Target())))),
			cost.MemberOverload("list_below_string",
				cost.EvalCost(cost.Scale(cost.Length(cost.Target()), costOfName)))),
	}
	for _, v := range Variables {
		options = append(options, cel.VariableWithDoc(v.Name, v.of, v.Text))
	}
	return options
}

// costOfName is the cost of comparing one name with a domain.
const costOfName = 5

func nameBelow(name, domain ref.Val) ref.Val {
	parent, problem := domainName(domain)
	if problem != nil {
		return problem
	}
	return types.Bool(below(string(name.(types.String)), parent))
}

func namesBelow(names, domain ref.Val) ref.Val {
	parent, problem := domainName(domain)
	if problem != nil {
		return problem
	}
	list := names.(traits.Lister)
	if list.Size() == types.IntZero {
		return types.False
	}
	if all, ok := list.Value().([]string); ok { // a variable: do not create a value for each element
		return types.Bool(!slices.ContainsFunc(all, func(name string) bool { return !below(name, parent) }))
	}
	for it := list.Iterator(); it.HasNext() == types.True; {
		name, ok := it.Next().(types.String)
		if !ok || !below(string(name), parent) {
			return types.False
		}
	}
	return types.True
}

func domainName(domain ref.Val) (name string, problem ref.Val) {
	text := strings.ToLower(strings.Trim(string(domain.(types.String)), "."))
	if !isDNSName(text) || strings.HasPrefix(text, "*") {
		return "", types.NewErr("%.80q is not a domain name", string(domain.(types.String)))
	}
	return text, nil
}

// below reports whether the name is a DNS name, possibly with a wildcard, below the domain. It checks the form of the
// name, because other types of names, such as email addresses, may end with the domain, too.
func below(name, domain string) bool {
	name = strings.ToLower(name)
	rest, ok := strings.CutSuffix(name, domain)
	return ok && len(rest) > 1 && strings.HasSuffix(rest, ".") && isDNSName(name)
}

func isDNSName(text string) bool {
	if text == "" || len(text) > 255 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimPrefix(text, "*."), ".") {
		if label == "" || strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}) {
			return false
		}
	}
	return true
}

const maxDays = 100 * 366

func days(n ref.Val) ref.Val {
	count := n.(types.Int)
	if count < -maxDays || count > maxDays {
		return types.NewErr("days(%d) is more than a hundred years", int64(count))
	}
	return types.Duration{Duration: time.Duration(count) * 24 * time.Hour}
}

// Maximum sizes in an ordinary request. For such requests, most expressions are known to be cheap.
const (
	ordinaryList = 100 // entries of a list or map
	ordinaryText = 255 // characters
)

// ordinarySizes estimates the cost of an expression for the largest ordinary request.
type ordinarySizes struct{}

func (ordinarySizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

func (ordinarySizes) EstimateSize(element cost.AstNode) *cost.SizeEstimate {
	if element.Path() == nil {
		return nil
	}
	size := cost.SizeEstimate{Max: ordinaryText}
	switch element.Type().Kind() {
	case types.ListKind, types.MapKind:
		size.Max = ordinaryList
	}
	return &size
}
