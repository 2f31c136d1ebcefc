/**
 * Who may use a connection to the mail server: at most `max` mails at once, those to one person first; while one of these is announced,
 * no bulk mail begins. When all are busy with bulk mails, one mail to one person has a connection besides: it waits for none of them.
 */
export function connectionSlots(max: number) {
  const waiting = { urgent: [] as Waiting[], bulk: [] as Waiting[] }
  let busy = 0
  let busyUrgent = 0
  let announced = 0
  let isClosed = false

  function admit(): void {
    while (waiting.urgent.length > 0 && (busy < max || busyUrgent === 0)) {
      busy++
      busyUrgent++
      waiting.urgent.shift()!(true)
    }
    while (waiting.bulk.length > 0 && busy < max && announced === 0) {
      busy++
      waiting.bulk.shift()!(true)
    }
  }

  return {
    /** Says that a mail to one person will soon enter, and answers how to say that it has, or does not. */
    announce({ bulk }: { bulk: boolean }): () => void {
      if (bulk) return () => {}
      announced++
      return () => {
        announced--
        admit()
      }
    },
    /** Waits for a turn. False: it does not come any more. */
    enter({ bulk }: { bulk: boolean }): Promise<boolean> {
      if (isClosed) return Promise.resolve(false)
      return new Promise((resolve) => {
        waiting[bulk ? 'bulk' : 'urgent'].push(resolve)
        admit()
      })
    },
    /** Ends a turn that came. */
    leave({ bulk }: { bulk: boolean }): void {
      busy--
      if (!bulk) busyUrgent--
      admit()
    },
    /** Nobody's turn comes any more; turns that came go on. */
    close(): void {
      isClosed = true
      for (const refuse of [...waiting.urgent.splice(0), ...waiting.bulk.splice(0)]) refuse(false)
    },
  }
}

type Waiting = (comes: boolean) => void
