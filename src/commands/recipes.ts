// cookbook recipes: the configs and sweeps that ship, with what each shows and what was measured.

import { widthOf } from '../util/wrapped.ts';
import { BaseCommand } from './base.ts';

export default class Recipes extends BaseCommand {
  static override summary = 'List the recipes that ship: what each shows, and what was measured.';
  static override description =
    'A recipe is a config or a sweep of this package. "recipes show NAME" prints one, "recipes copy NAME DIR" copies it with all that it needs.';
  static override aliases = ['recipes:list'];
  static override examples = ['<%= config.bin %> recipes', '<%= config.bin %> recipes --json'];

  async run(): Promise<object> {
    await this.parse(Recipes);
    const { listRecipes } = await import('../shelf/command.ts');
    const { json, text } = await listRecipes(widthOf(process.stdout));
    this.log(text);
    return json;
  }
}
