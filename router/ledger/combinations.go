package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
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
// however many messages there are of each. No id is after 'n'. Rows are compared as a
// whole, and ordered by all columns, so that no other index is used; an empty string is
// added to what they are compared with, so that SQLite uses all columns of this one.
const combinationsSQL = `WITH RECURSIVE step (id, n) AS (
		SELECT (SELECT id FROM anysms_messages WHERE status <> 'sending'%[1]s ORDER BY %[2]snamespace, class, provider, id LIMIT 1), 1
		UNION ALL
		SELECT (SELECT id FROM anysms_messages WHERE status <> 'sending'%[1]s
			AND (%[2]snamespace, class, provider, id) > (%[3]sm.namespace || '', m.class || '', m.provider || '', 'n')
			ORDER BY %[2]snamespace, class, provider, id LIMIT 1), step.n + 1
		FROM step JOIN anysms_messages m ON m.id = step.id WHERE step.n <= %[4]d
	)
	SELECT m.status, m.namespace, m.class, m.provider, COALESCE((SELECT x.id FROM anysms_messages x WHERE x.status <> 'sending'
		AND (x.status, x.namespace, x.class, x.provider, x.id) < (m.status || '', m.namespace || '', m.class || '', m.provider || '', $1)
		AND (x.status, x.namespace, x.class, x.provider, x.id) >= (m.status || '', m.namespace || '', m.class || '', m.provider || '', $2)
		ORDER BY x.status DESC, x.namespace DESC, x.class DESC, x.provider DESC, x.id DESC LIMIT 1), '')
	FROM step JOIN anysms_messages m ON m.id = step.id`

// combinations lists those that the search selects, the one with the newest message first.
// It is not complete if there are too many. The messages being sent, which the index leaves
// out because they are so for a short time, are not among them.
func (s *search) combinations(ctx context.Context) (list []combination, complete bool, err error) {
	if s.Status == Sending {
		return nil, true, nil
	}
	begin, end := s.ids()
	args := []any{end, begin}
	status, column, after := "", "status, ", "m.status || '', "
	if s.Status != "" { // SQLite does not use more of the index if the status is in both
		args = append(args, string(s.Status))
		status, column, after = " AND status = $3", "", ""
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
	}, fmt.Sprintf(combinationsSQL, status, column, after, mostCombinations), args...)
	slices.SortFunc(list, func(a, b combination) int { return cmp.Compare(b.newest, a.newest) })
	return list, n <= mostCombinations, err
}

// ids bounds the ids of the messages of the period: begin is inclusive, end is not.
func (s *search) ids() (begin, end string) {
	end = "n" // no id is after it
	if s.Cursor != "" {
		end = min(end, clean(s.Cursor))
	}
	if !s.Until.IsZero() {
		end = min(end, idAt("msg_", s.Until.Add(time.Millisecond)))
	}
	if !s.Since.IsZero() {
		begin = idAt("msg_", s.Since)
	}
	return begin, end
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
