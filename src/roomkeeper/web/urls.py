"""The addresses of the pages. Every one is mounted with `page`, which demands its rule, or is open to everybody."""

from django.urls import URLPattern

from roomkeeper.operations.subjects import all_subjects
from roomkeeper.web import (
    account,
    add_systems,
    backup_compare,
    backup_restore,
    backups,
    bulk_commands,
    bulk_edits,
    change_sets,
    configuration_templates,
    events,
    folder_tree,
    folders,
    help_page,
    inbox,
    jobs,
    network_settings,
    overview,
    phone_book_quality,
    phone_book_sources,
    secure_only,
    settings_asked,
    sign_in,
    system_command,
    system_page,
    system_replace,
    system_timeline,
    systems_list,
    template_editing,
    template_picking,
    template_plan,
    this_server,
)
from roomkeeper.web.access import open_page, page
from roomkeeper.web.derived import pages_of
from roomkeeper.web.former_addresses import former_addresses

# What a list shows beside what is derived.
_BESIDE = {"systems": systems_list.beside, "backups": backups.above, "inbox": inbox.beside}

urlpatterns: list[URLPattern] = [
    open_page("sign-in/", sign_in.sign_in, "sign_in"),
    open_page("sign-out/", sign_in.sign_out, "sign_out"),
    # The names by which allauth looks for them.
    open_page("sign-in/", sign_in.sign_in, "account_login"),
    open_page("sign-out/", sign_in.sign_out, "account_logout"),
    page("account/", account.account, "account"),
    page("account/time-zone/", account.set_time_zone, "set_time_zone"),
    page("account/password/", account.change_password, "change_password"),
    page("", overview.overview, "overview"),
    page("help/", help_page.help_page, "help"),
    page("help/keys/", help_page.keys, "help_keys"),
    page("events", events.events, "events"),
    page("systems/tree/", folder_tree.fold, "folder_fold"),
    page("systems/bulk/", settings_asked.of_many, "system_bulk"),
    page("systems/edit/", bulk_edits.edit, "systems_edit"),
    page("systems/edit/done/", bulk_edits.edited, "systems_edited"),
    page("systems/edit/export/", bulk_edits.export_form, "systems_edit_export"),
    page("systems/edit/systems.csv", bulk_edits.export_file, "systems_edit_file"),
    page("systems/command/", bulk_commands.commands, "systems_command"),
    page("systems/<int:pk>/", system_page.system_page, "system_page"),
    page("systems/<int:pk>/secure-only/", secure_only.single_system, "system_secure_only"),
    page("systems/<int:pk>/watch/", system_page.watch, "system_watch"),
    page("systems/<int:pk>/settings/set/", settings_asked.of_one, "system_set_value"),
    page("systems/<int:pk>/timeline/<int:entry>/", system_timeline.exchange, "system_exchange"),
    page("systems/<int:pk>/command/", system_command.command, "system_command"),
    page("systems/<int:pk>/actions/<int:action>/", system_command.result, "system_action"),
    page("systems/<int:pk>/replace/", system_replace.replace, "system_replace"),
    page("systems/<int:pk>/<slug:tab>/", system_page.system_page, "system_tab"),
    page("add-systems/", add_systems.add_systems, "add_systems"),
    page("add-systems/template.csv", add_systems.csv_template, "add_systems_template"),
    page("folders/", folders.folders, "folders"),
    page("change-sets/<int:pk>/", change_sets.change_set, "change_set"),
    page("change-sets/<int:pk>/undo/", change_sets.undo, "change_set_undo"),
    page("backups/compare/", backup_compare.compare, "backup_compare"),
    page("backups/compare.csv", backup_compare.export, "backup_compare_export"),
    page("backups/<int:pk>/", backups.backup, "backup"),
    page("backups/<int:pk>/restore/", backup_restore.restore, "backup_restore"),
    page("backups/<int:pk>/parts/<int:part>/", backups.part, "backup_part"),
    page("templates/new/", template_editing.new, "template_new"),
    page("templates/do/create/", template_editing.new, "template_create"),
    page("templates/from-system/", template_picking.pick, "template_pick"),
    page("templates/hint/", template_editing.hint, "template_hint"),
    page("templates/<int:pk>/", configuration_templates.template, "template"),
    # As its first tab was called before: people keep addresses.
    page("templates/<int:pk>/settings/", configuration_templates.template, "template_settings"),
    page("templates/<int:pk>/versions/", configuration_templates.versions, "template_versions"),
    page("templates/<int:pk>/used/", configuration_templates.used, "template_used"),
    page("templates/<int:pk>/edit/", template_editing.edit, "template_edit"),
    page("templates/<int:pk>/plan/", template_plan.plan, "template_plan"),
    page("templates/<int:pk>/apply/", template_plan.apply, "template_apply"),
    page("templates/<int:pk>/make-persistent/", template_plan.make_persistent, "template_make_persistent"),
    page("templates/<int:pk>/assign/", configuration_templates.assign, "template_assign"),
    page("templates/<int:pk>/export.json", configuration_templates.export, "template_export"),
    page("phone-book-sources/new/", phone_book_sources.new, "phone_book_source_new"),
    page("phone-book-sources/<int:pk>/fields/", phone_book_sources.fields, "phone_book_source_fields"),
    page("phone-books/<int:pk>/file/", phone_book_sources.from_file, "phone_book_file"),
    page("jobs/<int:pk>/", jobs.job, "job"),
    page("secure-only/", secure_only.moves, "secure_only"),
    page("secure-only/<int:pk>/", secure_only.move, "secure_only_move"),
    page("jobs/<int:pk>/items.csv", jobs.export, "job_export"),
    *former_addresses,
    *(
        address
        for subject in all_subjects()
        if subject.has_pages
        for address in pages_of(subject, _BESIDE.get(subject.plural))
    ),
    page("phone-books/quality/", phone_book_quality.phone_book_quality, "phone_book_quality"),
    page("network-settings/", network_settings.network_settings, "network_settings"),
    page("this-server/", this_server.this_server, "this_server"),
]
