package rest

// namedCall is a call and its name in a recipe.
type namedCall struct {
	name string
	call *call
}

// namedCalls lists the calls that the recipe has.
func (r *api) namedCalls() []namedCall {
	all := []namedCall{{"send", &r.Send.call}}
	add := func(name string, c *call) { all = append(all, namedCall{name, c}) }
	if r.Batch != nil {
		add("batch", &r.Batch.call)
	}
	if r.Status != nil {
		add("status", &r.Status.call)
	}
	if r.Find != nil {
		add("find", &r.Find.call)
	}
	if r.Cancel != nil {
		add("cancel", r.Cancel)
	}
	if r.Balance != nil {
		add("balance", &r.Balance.call)
	}
	if r.Quote != nil {
		add("quote", &r.Quote.call)
	}
	if r.Check != nil {
		add("check", r.Check)
	}
	if r.Inbox != nil {
		add("inbox", &r.Inbox.call)
	}
	if r.FormatNumber != nil {
		add("format_number", &r.FormatNumber.call)
	}
	return all
}

// namedErrors is an error table and its name in a recipe.
type namedErrors struct {
	name  string
	table *errorTable
}

// errorTables lists the recipe's error table and those of its calls.
func (r *api) errorTables() []namedErrors {
	all := []namedErrors{{"errors", &r.Errors}}
	for _, c := range r.namedCalls() {
		if c.call.Errors != nil {
			all = append(all, namedErrors{c.name + ".errors", c.call.Errors})
		}
	}
	if r.Batch != nil && r.Batch.Verdict.Errors != nil {
		all = append(all, namedErrors{"batch.verdict.errors", r.Batch.Verdict.Errors})
	}
	return all
}
