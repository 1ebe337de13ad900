package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// mostCombinations is how many combinations a list is merged from. Where there are more,
// the messages themselves are read.
const mostCombinations = 400

// combination is what messages have in common that stand beside each other in the index
// of lists, the oldest first.
type combination struct {
	status, namespace, class, provider string
	newest                             string // id of the newest that is selected; "" = there is none
}

// combinationsSQL goes from one combination to the next with one step into the index each,
// however many messages there are of each. No id is after 'n'; and "|| ”" makes SQLite use
// the whole index.
const combinationsSQL = `WITH RECURSIVE step (id, n) AS (
		SELECT (SELECT id FROM anysms_messages WHERE status <> 'sending'%[1]s ORDER BY %[2]snamespace, class, provider, id LIMIT 1), 1
		UNION ALL
		SELECT (SELECT id FROM anysms_messages WHERE status <> 'sending'%[1]s
			AND (%[2]snamespace, class, provider, id) > (%[3]sm.namespace || '', m.class || '', m.provider || '', 'n')
			ORDER BY %[2]snamespace, class, provider, id LIMIT 1), step.n + 1
		FROM step JOIN anysms_messages m ON m.id = step.id WHERE step.n <= %[4]d
	)
	SELECT m.status, m.namespace, m.class, m.provider, COALESCE((SELECT x.id FROM anysms_messages x WHERE x.status <> 'sending' AND x.status = m.status
		AND x.namespace = m.namespace AND x.class = m.class AND x.provider = m.provider AND %[5]s ORDER BY x.id DESC LIMIT 1), '')
	FROM step JOIN anysms_messages m ON m.id = step.id`

// combinations lists those that the search selects, the one with the newest message first.
// It is not complete if there are too many. The messages being sent, which the index leaves
// out because they are so for a short time, are not among them.
func (s *search) combinations(ctx context.Context) (list []combination, complete bool, err error) {
	if s.Status == Sending {
		return nil, true, nil
	}
	var where conditions
	s.period(&where)
	status, column, after := "", "status, ", "m.status || '', "
	if s.Status != "" { // SQLite does not use more of the index if the status is in both
		where.args = append(where.args, string(s.Status))
		status, column, after = fmt.Sprintf(" AND status = $%d", len(where.args)), "", ""
	}
	n := 0
	err = s.tx.Query(ctx, func(scan scanner) error {
		var c combination
		if err := scan(&c.status, &c.namespace, &c.class, &c.provider, &c.newest); err != nil {
			return err
		}
		n++
		if c.newest != "" && s.selects(&c) {
			list = append(list, c)
		}
		return nil
	}, fmt.Sprintf(combinationsSQL, status, column, after, mostCombinations, &where), where.args...)
	slices.SortFunc(list, func(a, b combination) int { return cmp.Compare(b.newest, a.newest) })
	return list, n <= mostCombinations, err
}

func (s *search) selects(c *combination) bool {
	return (s.Namespace == AllNamespaces || s.Namespace == c.namespace) &&
		(s.Class == "" || string(s.Class) == c.class) && (s.Provider == "" || s.Provider == c.provider)
}

// merge makes a page of the newest messages of combinations, and of those being sent.
func (s *search) merge(ctx context.Context, list []combination) error {
	if s.Status == "" || s.Status == Sending {
		if err := s.readSending(ctx); err != nil {
			return err
		}
	}
	for _, c := range list {
		if page := s.found.Messages; len(page) > s.Limit && page[s.Limit].ID > c.newest {
			break // and so are all that come after it
		}
		var where conditions
		where.always("status <> 'sending' AND status = ?", c.status)
		where.always("namespace = ?", c.namespace)
		where.always("class = ?", c.class)
		where.always("provider = ?", c.provider)
		s.period(&where)
		if err := s.read(ctx, &where); err != nil {
			return err
		}
		s.newestFirst()
	}
	s.full()
	return nil
}

// readSending adds the messages being sent, which are found by their attempts.
func (s *search) readSending(ctx context.Context) error {
	var where conditions
	where.list = append(where.list, "id IN (SELECT message FROM anysms_attempts WHERE outcome = '') AND status || '' = 'sending'")
	s.period(&where)
	s.others(&where)
	return s.read(ctx, &where)
}

func (s *search) newestFirst() {
	slices.SortFunc(s.found.Messages, func(a, b Message) int { return cmp.Compare(b.ID, a.ID) })
	if most := s.Limit + 1; len(s.found.Messages) > most {
		s.found.Messages = s.found.Messages[:most]
	}
}
