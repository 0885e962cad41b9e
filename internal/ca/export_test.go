package ca

// SetTrialTime sets the time after which a test of rules stops.
func SetTrialTime(s *Service, d time.Duration) { s.limits.trialTime = d }

// BeginTrial starts a test of rules of an account, until done is called.
func BeginTrial(s *Service, account int64) (done func(), err error) { return s.trials.begin(account) }

const MaxTrials = maxTrials

func SetMaxMatches(s *Service, n int) { s.limits.matches = n }

// SetMaxImpact sets the number of certificates read for an impact: of all authorities together, and of each.
func SetMaxImpact(s *Service, all, ofOne int) { s.limits.impact, s.limits.impactOfOne = all, ofOne }

var ActionsOn = actionsOn
