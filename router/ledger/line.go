package ledger

// manyMessages is from how many messages on an operation stands in a line of its own.
const manyMessages = 16

// line is where the operations wait for the writer. Those about many messages have a line
// of their own, and the two take turns: so a message that is sent waits for one part of a
// campaign that is being queued, and not for all parts that stand before it.
type line struct {
	few, many <-chan *op // nil = closed, and empty
	manyNext  bool
}

// next returns the operations of the next transaction; nil = there will be no more.
func (l *line) next() []*op {
	turn, other := &l.few, &l.many
	if l.manyNext {
		turn, other = other, turn
	}
	for *turn != nil || *other != nil {
		select {
		case o, open := <-*turn:
			if list := l.from(turn, o, open); list != nil {
				return list
			}
			continue
		default:
		}
		var list []*op
		select {
		case o, open := <-*turn:
			list = l.from(turn, o, open)
		case o, open := <-*other:
			list = l.from(other, o, open)
		}
		if list != nil {
			return list
		}
	}
	return nil
}

// from returns what shares a transaction with the first operation of a channel; nil = the
// channel is closed.
func (l *line) from(c *<-chan *op, first *op, open bool) []*op {
	if !open {
		*c = nil
		return nil
	}
	l.manyNext = c == &l.few
	return gather(first, *c)
}
