package cli

import (
	"bytes"
	"strings"
	"testing"
)

// Rows wider than the terminal are written as blocks, untruncated.
func TestTablesFitTheTerminal(t *testing.T) {
	t.Parallel()
	rows := [][]string{{"7", "valid", "a.example.com", "3a1f00c4d2e87b90112233445566778899aa"},
		{"12", "", "b.example.com", "00"}}
	for name, tt := range map[string]struct {
		width int
		want  string
	}{
		"not a terminal": {0, `ID  STATUS  NAME           SERIAL NUMBER
7   valid   a.example.com  3a1f00c4d2e87b90112233445566778899aa
12  -       b.example.com  00
`},
		"wide enough": {80, `ID  STATUS  NAME           SERIAL NUMBER
7   valid   a.example.com  3a1f00c4d2e87b90112233445566778899aa
12  -       b.example.com  00
`},
		"60 columns": {60, `ID             7
STATUS         valid
NAME           a.example.com
SERIAL NUMBER  3a1f00c4d2e87b90112233445566778899aa

ID             12
NAME           b.example.com
SERIAL NUMBER  00
`},
	} {
		var out bytes.Buffer
		w := &rowWriter{out: &out, header: []string{"ID", "STATUS", "NAME", "SERIAL NUMBER"}, width: tt.width}
		for _, row := range rows {
			if err := w.add(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.flush(); err != nil {
			t.Fatal(err)
		}
		if out.String() != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, &out, tt.want)
		}
		for _, line := range strings.Split(out.String(), "\n") {
			if tt.width > 0 && len(line) > tt.width {
				t.Errorf("%s: a line has %d columns: %s", name, len(line), line)
			}
		}
	}
}
