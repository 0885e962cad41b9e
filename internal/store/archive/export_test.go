package archive

import (
	"context"
	"slices"

	"notary/internal/store"
)

func CopiedColumns() map[string][]string {
	copied := map[string][]string{}
	for _, t := range store.Tables {
		copied[t.Name] = t.Columns
	}
	return copied
}

func Rules(s *store.Store) []string {
	var rules []string
	for _, rule := range slices.Concat(invariants, s.DB().FileRules()) {
		rules = append(rules, rule.Says)
	}
	return rules
}

// BackupUnchecked is Backup as in versions that did not check for damage.
func BackupUnchecked(ctx context.Context, path, to string) error {
	if err := store.DatabaseSchema.CopyFile(ctx, path, to); err != nil {
		return err
	}
	_, err := seal(ctx, to, nil)
	return err
}
