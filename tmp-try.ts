import { createReadStream } from 'node:fs';
import { importRecording } from './extension/profile/import/detect.ts';
import { buildProfile } from './extension/profile/import/build-profile.ts';
for (const f of process.argv.slice(2)) {
  try {
    const raw = await importRecording(createReadStream(f), '', { event: null, thread: null });
    const p = buildProfile(raw, { target: { kind: 'imported', name: 't', variant: null, sha256: null }, workload: '', recordedAt: '' });
    console.log(f, raw.format, JSON.stringify(raw.event), raw.events.length, 'frames', raw.frames.length, 'nodes', raw.nodes.parent.length, 'skipped', JSON.stringify(raw.skipped), JSON.stringify(raw.notes), JSON.stringify(raw.threads));
    for (const fn of p.functions.slice(0, 5)) console.log('   ', fn.name, fn.category, fn.selfPercent.toFixed(2), fn.totalPercent?.toFixed(2), fn.object, fn.file);
    for (const l of p.lines.slice(0, 4)) console.log('      ', l.file, l.line, l.percent.toFixed(2), l.callSitePercent?.toFixed(2), l.instructions?.length, l.instructions?.[0]?.text);
    console.log('    sum', p.functions.reduce((s, f) => s + f.selfPercent, 0), 'tree', p.details?.tree?.parent.length, p.details?.tree?.dropped, 'addresses', p.details?.addresses.map((a) => `${a.object} ${a.points.length}`).join());
  } catch (e) { console.log(f, 'ERROR', String(e)); }
}
