package web

func Patterns() (all []string) {
	for _, r := range new(site).routes() {
		all = append(all, r.pattern)
	}
	return all
}
