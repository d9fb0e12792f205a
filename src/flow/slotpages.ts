import type { FlowId } from './flow.js';

/** Flows whose numbers are alike but for their lowest digits share a page. */
const PAGE = 4096;

interface Page {
  /** One more than the slot of each flow; 0 for none. */
  readonly slots: Uint32Array;
  used: number;
}

/** Which slot a flow's row has. Numbers of flows are given out in order, so that pages are full. */
export class SlotPages {
  private readonly pages = new Map<number, Page>();

  get(id: FlowId): number | undefined {
    const slot = this.pages.get(Math.floor(id / PAGE))?.slots[id % PAGE] ?? 0;
    return slot === 0 ? undefined : slot - 1;
  }

  set(id: FlowId, slot: number): void {
    const number = Math.floor(id / PAGE);
    const page = this.pages.get(number) ?? { slots: new Uint32Array(PAGE), used: 0 };
    this.pages.set(number, page);
    if (page.slots[id % PAGE] === 0) page.used += 1;
    page.slots[id % PAGE] = slot + 1;
  }

  delete(id: FlowId): void {
    const number = Math.floor(id / PAGE);
    const page = this.pages.get(number);
    if (!page || page.slots[id % PAGE] === 0) return;
    page.slots[id % PAGE] = 0;
    page.used -= 1;
    if (page.used === 0) this.pages.delete(number);
  }
}
