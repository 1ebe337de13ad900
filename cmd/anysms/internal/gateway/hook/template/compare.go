package template

import (
	"cmp"
	"fmt"
)

// equal compares two booleans, numbers or texts. Null is equal to null alone.
func equal(a, b any) (bool, error) {
	if a == nil || b == nil {
		return a == nil && b == nil, nil
	}
	kind, err := commonKind(a, b)
	switch {
	case err != nil:
		return false, err
	case kind == boolKind:
		return a.(bool) == b.(bool), nil
	case kind == numberKind, kind == textKind:
		return compare(kind, a, b) == 0, nil
	}
	return false, fmt.Errorf("%s cannot be compared", kind)
}

// equalToOne says whether a value is equal to one of others.
func equalToOne(a any, others []any) (bool, error) {
	for _, b := range others {
		if same, err := equal(a, b); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

// ordered makes a function of two arguments of an order.
func ordered(holds func(int) bool) func([]any) (any, error) {
	return func(args []any) (any, error) {
		kind, err := commonKind(args[0], args[1])
		if err != nil {
			return nil, err
		}
		if kind != numberKind && kind != textKind {
			return nil, fmt.Errorf("want numbers or texts, not %s", kind)
		}
		return holds(compare(kind, args[0], args[1])), nil
	}
}

func commonKind(a, b any) (kind, error) {
	if kindOf(a) != kindOf(b) {
		return "", fmt.Errorf("%s and %s cannot be compared", kindOf(a), kindOf(b))
	}
	return kindOf(a), nil
}

// compare orders two numbers or two texts.
func compare(kind kind, a, b any) int {
	if kind == textKind {
		return cmp.Compare(a.(string), b.(string))
	}
	x, xWhole := a.(int64)
	y, yWhole := b.(int64)
	if xWhole && yWhole {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(float(a), float(b))
}
