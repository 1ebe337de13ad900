package provider

import "strings"

// segmentSeparator stands between the ids of segments in a Receipt.ID.
const segmentSeparator = ","

// JoinSegmentIDs makes the Receipt.ID of a message from the vendor's ids of its
// segments, for a vendor that gives each segment one. It is "" if all are.
func JoinSegmentIDs(ids []string) string {
	joined := strings.Join(ids, segmentSeparator)
	if strings.Trim(joined, segmentSeparator) == "" {
		return ""
	}
	return joined
}

// SegmentIDs returns the ids that [JoinSegmentIDs] joined, or the ID itself.
func SegmentIDs(receiptID string) []string { return strings.Split(receiptID, segmentSeparator) }

// OfSegment makes a report whose ID is that of a segment, from 1, one about its
// message: the ID becomes the message's. A segment that was delivered is a message
// that is on its way, as long as there are others.
func (e Event) OfSegment(receiptID string, number, of int) Event {
	e.Segment = &EventSegment{Ref: receiptID, Number: number, Of: of, Status: e.Status}
	e.ID = receiptID
	if e.Status == StatusDelivered {
		e.Status, e.Final = StatusSent, false
	}
	return e
}
