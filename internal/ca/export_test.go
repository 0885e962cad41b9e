package ca

func SetMaxMatches(s *Service, n int) { s.limits.matches = n }

// SetMaxImpact sets the number of certificates read for an impact: of all authorities together, and of each.
func SetMaxImpact(s *Service, all, ofOne int) { s.limits.impact, s.limits.impactOfOne = all, ofOne }

var ActionsOn = actionsOn
