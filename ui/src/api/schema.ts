// Made from openapi.json by `npm run api`.

export interface paths {
    "/api/v1/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether the server works. Needs no token and tells nothing else. */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counters in the text form of Prometheus. */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/node-types": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the node types with the schemas of their parameters. */
        get: operations["listNodeTypes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/kinds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the kinds of resources with the schemas of their specs. */
        get: operations["listKinds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/apply": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Writes many resources, all or none. */
        post: operations["applyResources"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Shows what writing resources would change. */
        post: operations["diffResources"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists connections. */
        get: operations["listConnections"];
        put?: never;
        /** Makes a new connection. */
        post: operations["createConnection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a connection. */
        get: operations["getConnection"];
        /** Writes a connection, new or not. */
        put: operations["putConnection"];
        post?: never;
        /** Deletes a connection; refused while something active uses it. */
        delete: operations["deleteConnection"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the revisions of a connection, newest first. */
        get: operations["historyConnection"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what changed between two revisions of a connection. */
        get: operations["diffConnection"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/condition": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether a connection could work, and who uses it. */
        get: operations["conditionConnection"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings an earlier revision of a connection back, as a new one. */
        post: operations["rollbackConnection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Renames a connection, in the specs of its users too. */
        post: operations["renameConnection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/variables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists variables. */
        get: operations["listVariables"];
        put?: never;
        /** Makes a new variable. */
        post: operations["createVariable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/variables/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a variable. */
        get: operations["getVariable"];
        /** Writes a variable, new or not. */
        put: operations["putVariable"];
        post?: never;
        /** Deletes a variable; refused while something active uses it. */
        delete: operations["deleteVariable"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/variables/{name}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the revisions of a variable, newest first. */
        get: operations["historyVariable"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/variables/{name}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what changed between two revisions of a variable. */
        get: operations["diffVariable"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/variables/{name}/condition": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether a variable could work, and who uses it. */
        get: operations["conditionVariable"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/variables/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings an earlier revision of a variable back, as a new one. */
        post: operations["rollbackVariable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/variables/{name}/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Renames a variable, in the specs of its users too. */
        post: operations["renameVariable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/egress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists egress. */
        get: operations["listEgress"];
        put?: never;
        /** Makes a new egress. */
        post: operations["createEgress"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/egress/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a egress. */
        get: operations["getEgress"];
        /** Writes a egress, new or not. */
        put: operations["putEgress"];
        post?: never;
        /** Deletes a egress; refused while something active uses it. */
        delete: operations["deleteEgress"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/egress/{name}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the revisions of a egress, newest first. */
        get: operations["historyEgress"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/egress/{name}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what changed between two revisions of a egress. */
        get: operations["diffEgress"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/egress/{name}/condition": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether a egress could work, and who uses it. */
        get: operations["conditionEgress"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/egress/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings an earlier revision of a egress back, as a new one. */
        post: operations["rollbackEgress"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/egress/{name}/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Renames a egress, in the specs of its users too. */
        post: operations["renameEgress"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists data-tables. */
        get: operations["listDataTables"];
        put?: never;
        /** Makes a new data-table. */
        post: operations["createDataTable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a data-table. */
        get: operations["getDataTable"];
        /** Writes a data-table, new or not. */
        put: operations["putDataTable"];
        post?: never;
        /** Deletes a data-table; refused while something active uses it. */
        delete: operations["deleteDataTable"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables/{name}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the revisions of a data-table, newest first. */
        get: operations["historyDataTable"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables/{name}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what changed between two revisions of a data-table. */
        get: operations["diffDataTable"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables/{name}/condition": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether a data-table could work, and who uses it. */
        get: operations["conditionDataTable"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings an earlier revision of a data-table back, as a new one. */
        post: operations["rollbackDataTable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables/{name}/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Renames a data-table, in the specs of its users too. */
        post: operations["renameDataTable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/event-types": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists event-types. */
        get: operations["listEventTypes"];
        put?: never;
        /** Makes a new event-type. */
        post: operations["createEventType"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/event-types/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a event-type. */
        get: operations["getEventType"];
        /** Writes a event-type, new or not. */
        put: operations["putEventType"];
        post?: never;
        /** Deletes a event-type; refused while something active uses it. */
        delete: operations["deleteEventType"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/event-types/{name}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the revisions of a event-type, newest first. */
        get: operations["historyEventType"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/event-types/{name}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what changed between two revisions of a event-type. */
        get: operations["diffEventType"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/event-types/{name}/condition": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether a event-type could work, and who uses it. */
        get: operations["conditionEventType"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/event-types/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings an earlier revision of a event-type back, as a new one. */
        post: operations["rollbackEventType"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/event-types/{name}/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Renames a event-type, in the specs of its users too. */
        post: operations["renameEventType"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists subscribers. */
        get: operations["listSubscribers"];
        put?: never;
        /** Makes a new subscriber. */
        post: operations["createSubscriber"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a subscriber. */
        get: operations["getSubscriber"];
        /** Writes a subscriber, new or not. */
        put: operations["putSubscriber"];
        post?: never;
        /** Deletes a subscriber; refused while something active uses it. */
        delete: operations["deleteSubscriber"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers/{name}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the revisions of a subscriber, newest first. */
        get: operations["historySubscriber"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers/{name}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what changed between two revisions of a subscriber. */
        get: operations["diffSubscriber"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers/{name}/condition": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether a subscriber could work, and who uses it. */
        get: operations["conditionSubscriber"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings an earlier revision of a subscriber back, as a new one. */
        post: operations["rollbackSubscriber"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers/{name}/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Renames a subscriber, in the specs of its users too. */
        post: operations["renameSubscriber"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vendors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists vendors. */
        get: operations["listVendors"];
        put?: never;
        /** Makes a new vendor. */
        post: operations["createVendor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vendors/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a vendor. */
        get: operations["getVendor"];
        /** Writes a vendor, new or not. */
        put: operations["putVendor"];
        post?: never;
        /** Deletes a vendor; refused while something active uses it. */
        delete: operations["deleteVendor"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vendors/{name}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the revisions of a vendor, newest first. */
        get: operations["historyVendor"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vendors/{name}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what changed between two revisions of a vendor. */
        get: operations["diffVendor"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vendors/{name}/condition": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether a vendor could work, and who uses it. */
        get: operations["conditionVendor"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vendors/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings an earlier revision of a vendor back, as a new one. */
        post: operations["rollbackVendor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vendors/{name}/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Renames a vendor, in the specs of its users too. */
        post: operations["renameVendor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/evaluations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists evaluations. */
        get: operations["listEvaluations"];
        put?: never;
        /** Makes a new evaluation. */
        post: operations["createEvaluation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/evaluations/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a evaluation. */
        get: operations["getEvaluation"];
        /** Writes a evaluation, new or not. */
        put: operations["putEvaluation"];
        post?: never;
        /** Deletes a evaluation; refused while something active uses it. */
        delete: operations["deleteEvaluation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/evaluations/{name}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the revisions of a evaluation, newest first. */
        get: operations["historyEvaluation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/evaluations/{name}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what changed between two revisions of a evaluation. */
        get: operations["diffEvaluation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/evaluations/{name}/condition": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether a evaluation could work, and who uses it. */
        get: operations["conditionEvaluation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/evaluations/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings an earlier revision of a evaluation back, as a new one. */
        post: operations["rollbackEvaluation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/evaluations/{name}/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Renames a evaluation, in the specs of its users too. */
        post: operations["renameEvaluation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists workflows. */
        get: operations["listWorkflows"];
        put?: never;
        /** Makes a new workflow. */
        post: operations["createWorkflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a workflow. */
        get: operations["getWorkflow"];
        /** Writes a workflow, new or not. */
        put: operations["putWorkflow"];
        post?: never;
        /** Deletes a workflow; refused while something active uses it. */
        delete: operations["deleteWorkflow"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the revisions of a workflow, newest first. */
        get: operations["historyWorkflow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what changed between two revisions of a workflow. */
        get: operations["diffWorkflow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/condition": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether a workflow could work, and who uses it. */
        get: operations["conditionWorkflow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings an earlier revision of a workflow back, as a new one. */
        post: operations["rollbackWorkflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Renames a workflow, in the specs of its users too. */
        post: operations["renameWorkflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists endpoints. */
        get: operations["listEndpoints"];
        put?: never;
        /** Makes a new endpoint. */
        post: operations["createEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/endpoints/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a endpoint. */
        get: operations["getEndpoint"];
        /** Writes a endpoint, new or not. */
        put: operations["putEndpoint"];
        post?: never;
        /** Deletes a endpoint; refused while something active uses it. */
        delete: operations["deleteEndpoint"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/endpoints/{name}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the revisions of a endpoint, newest first. */
        get: operations["historyEndpoint"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/endpoints/{name}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what changed between two revisions of a endpoint. */
        get: operations["diffEndpoint"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/endpoints/{name}/condition": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether a endpoint could work, and who uses it. */
        get: operations["conditionEndpoint"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/endpoints/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings an earlier revision of a endpoint back, as a new one. */
        post: operations["rollbackEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/endpoints/{name}/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Renames a endpoint, in the specs of its users too. */
        post: operations["renameEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/draft": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the draft of a workflow. */
        get: operations["getDraft"];
        /** Writes the draft of a workflow; `If-Match` names the version that was seen. */
        put: operations["putDraft"];
        post?: never;
        /** Drops the draft of a workflow. */
        delete: operations["deleteDraft"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a revision of the draft. Nothing goes live by it. */
        post: operations["publishDraft"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/activation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells which revision is live. */
        get: operations["getActivation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a revision live, for all or a share of new events. */
        post: operations["activateWorkflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/deactivate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a workflow out of service; runs that have begun go on. */
        post: operations["deactivateWorkflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Starts a run; drafts, revisions and parts need `connection:use` for what they name. */
        post: operations["runWorkflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/draft/evaluate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Evaluates an expression at a node of the draft (of the newest revision where there is none) on the data of a run; needs `run:read`. Nothing is changed by it, and the network is off. */
        post: operations["tryExpression"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/draft/listen": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Follows the runs that test events begin, until the draft listens no more. */
        get: operations["watchDraft"];
        put?: never;
        /** Lets the draft's webhooks hear one test event; needs `connection:use` for what it names. */
        post: operations["listenToDraft"];
        /** Lets the draft hear no further test events. */
        delete: operations["stopListening"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/draft/watch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells who has the draft open and when it is written; one is seen while one follows. */
        get: operations["followDraft"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/draft/presence": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Tells the others which node one looks at. */
        put: operations["lookAtNode"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/secrets/{field}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Sets a secret of a connection. It is never shown again. */
        put: operations["putSecret"];
        post?: never;
        /** Drops a secret of a connection. */
        delete: operations["deleteSecret"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connection-warnings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Connections that services do not take any more, and those that end within a week. */
        get: operations["connectionWarnings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How a connection is, until when, and what is missing. */
        get: operations["connectionStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/authorize": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells where a person consents. The answer comes back to `/oauth/callback`. */
        post: operations["authorizeConnection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/device": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks for a code that a person types in on another device. */
        post: operations["beginDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/device/poll": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Looks whether a person has consented on the other device. */
        post: operations["pollDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tries a connection again, whatever is known of it: renews its token, or reads an address that is named. */
        post: operations["testConnection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/disconnect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes tokens void at the service, where it takes that, and forgets them. */
        post: operations["disconnectConnection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/reconnect-link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a link by which the account's owner consents again, good once. */
        post: operations["reconnectLink"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/oauth/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where services send people back to who have consented. */
        get: operations["oauthCallback"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/oauth/reconnect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where a link to connect again leads to. */
        get: operations["oauthReconnect"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the calls with a connection go: errors, times, quotas, and what waits. */
        get: operations["connectionHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/forget-answers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Forgets the answers to a connection's calls that are kept in memory. */
        post: operations["forgetAnswers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{name}/breaker": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Holds the circuit breaker of a connection open or closed, until this server ends or it is left to itself again. */
        post: operations["setBreaker"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connectors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the services that there are connectors for, and how an account on each is shown. */
        get: operations["listConnectors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connectors/{name}/icon": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The icon of a service. Those that are shipped need no token; those of the operator's own connectors are for whoever is signed in. */
        get: operations["connectorIcon"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/node-choices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lists values that a parameter of a node may have, read from the service with the node's connection. What was read is kept for a minute. */
        post: operations["listChoices"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reads a file: resources as YAML, JSON, ZIP or TAR, or workflows of n8n. */
        post: operations["importFile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Writes resources out, never with secrets. */
        get: operations["exportResources"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/backup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a backup of everything while the server works, as a TAR. The master key is not in it. */
        post: operations["takeBackup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/watch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells which resources of the scope change. 410 when the position is past the horizon. */
        get: operations["watchResources"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/watch/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells which runs of the scope begin and change. 410 when too many began after the position. */
        get: operations["watchRuns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists runs, newest first. */
        get: operations["listRuns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A run with its steps. */
        get: operations["showRun"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/steps/{step}/items": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Items that a step put out at a port. */
        get: operations["stepItems"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/steps/{step}/parameters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the expressions of a step's parameters came to for an item, evaluated again as they were then. */
        get: operations["stepParameters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/steps/{step}/exchanges": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a step sent and got. Answers are in the journal; requests are made again and compared with their fingerprints. Secrets are masked. */
        get: operations["stepExchanges"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/steps/{step}/files/{port}/{item}/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A file of an item that a step put out, as a download of the type that it says it is. */
        get: operations["stepFile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/watch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Follows a run: its committed events after a position, and provisional news. */
        get: operations["watchRun"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs again from the failed step or from elsewhere; edited input and forks need `connection:use` for what the workflow names. */
        post: operations["retryRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Executes a recorded run again with the network off, and compares; nothing is changed by it. */
        post: operations["replayRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/signals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a signal to a run. */
        post: operations["signalRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/steps/{step}/settle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Decides about a call whose outcome is not known and that waits for a person. */
        post: operations["settleCall"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists failed runs that wait for somebody, newest first. */
        get: operations["listDead"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs dead letters again: the named ones, or all that match. */
        post: operations["redriveDead"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a run to stop; running calls get a grace period. */
        post: operations["cancelRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets running calls finish and starts nothing new. */
        post: operations["pauseRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a pause, or lets a held run go on; who resumes one that nobody answers for takes it over. */
        post: operations["resumeRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts dead letters aside. */
        post: operations["discardDead"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Marks dead letters as dealt with elsewhere. */
        post: operations["resolveDead"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead/reopen": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes back that dead letters were put aside or marked; names the runs. */
        post: operations["reopenDead"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables/{name}/rows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Rows of a data table. */
        get: operations["listRows"];
        put?: never;
        /** Puts rows in, all or none, and gives them back with their ids. */
        post: operations["insertRows"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables/{name}/fill": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How many rows a filter lets through, and how full the table is. */
        get: operations["countRows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables/{name}/rows/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes columns of the rows that a filter lets through. */
        post: operations["updateRows"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables/{name}/rows/upsert": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes columns of the rows that a filter lets through; without any, puts a row in. */
        post: operations["upsertRows"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables/{name}/rows/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes the rows out that a filter lets through. */
        post: operations["deleteRows"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables/{name}/rows/clear": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes all rows out. The columns stay. */
        post: operations["clearRows"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/arrivals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Webhooks that came lately and what was made of them, the newest first. */
        get: operations["listArrivals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/arrivals/{arrival}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A webhook that came, with headers and body. */
        get: operations["showArrival"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/arrivals/{arrival}/again": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a webhook happen again, as an event of its own, live or in the draft. */
        post: operations["repeatArrival"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/arrivals/again": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets the webhooks of a time happen again, in the order in which they came. */
        post: operations["repeatArrivals"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Posts an event: its subscribers get it as a signed webhook, tried again until they take it. */
        post: operations["postEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages that were posted, the newest first. */
        get: operations["listMessages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/messages/{message}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A message. */
        get: operations["showMessage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Deliveries, those of the newest messages first. */
        get: operations["listDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries/{message}/{subscriber}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A delivery with its tries. */
        get: operations["showDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries/{message}/{subscriber}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has a delivery tried again now, whatever came of it. */
        post: operations["resendDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriber-states": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How all subscribers are. */
        get: operations["listSubscriberStates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers/{name}/state": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How a subscriber is. */
        get: operations["showSubscriberState"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers/{name}/key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the receiver checks signatures with. */
        get: operations["showSubscriberKey"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers/{name}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a subscriber a new key; for a day messages are signed with the one before, too. */
        post: operations["rotateSubscriberKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers/{name}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a subscriber the example of an event type, whatever it wants to hear. */
        post: operations["testSubscriber"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers/{name}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stops delivering to a subscriber; what is for it waits. */
        post: operations["stopSubscriber"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers/{name}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Goes on delivering to a subscriber that was stopped, paused or gone. */
        post: operations["resumeSubscriber"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers/{name}/recover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has all deliveries of a subscriber tried again that failed for good, from a time on. */
        post: operations["recoverDeliveries"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscribers/{name}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a subscriber the messages from a time on that it wants and did not get, because it came later. */
        post: operations["replayMissed"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/portal-passes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a customer look after their own subscribers, by a link that ends. */
        post: operations["makePortalPass"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/portal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a customer sees first. The pass is in `x-portal-pass`. */
        get: operations["showPortal"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/portal/subscribers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Adds a subscriber. The pass is in `x-portal-pass`. */
        post: operations["addPortalSubscriber"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/portal/subscribers/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Changes a subscriber. The pass is in `x-portal-pass`. */
        put: operations["changePortalSubscriber"];
        post?: never;
        /** Takes a subscriber away. The pass is in `x-portal-pass`. */
        delete: operations["removePortalSubscriber"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/portal/subscribers/{name}/key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the receiver checks signatures with. The pass is in `x-portal-pass`. */
        get: operations["showPortalKey"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/portal/subscribers/{name}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a subscriber a new key. The pass is in `x-portal-pass`. */
        post: operations["rotatePortalKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/portal/subscribers/{name}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends the example of an event type. The pass is in `x-portal-pass`. */
        post: operations["testPortalSubscriber"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/portal/subscribers/{name}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stops delivering; what comes waits. The pass is in `x-portal-pass`. */
        post: operations["stopPortalSubscriber"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/portal/subscribers/{name}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Goes on delivering. The pass is in `x-portal-pass`. */
        post: operations["resumePortalSubscriber"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/portal/subscribers/{name}/recover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has what failed for good tried again. The pass is in `x-portal-pass`. */
        post: operations["recoverPortalDeliveries"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/portal/subscribers/{name}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Deliveries of a subscriber, the newest first. The pass is in `x-portal-pass`. */
        get: operations["listPortalDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/portal/subscribers/{name}/deliveries/{message}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A delivery with its tries. The pass is in `x-portal-pass`. */
        get: operations["showPortalDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/portal/subscribers/{name}/deliveries/{message}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tries a delivery again now. The pass is in `x-portal-pass`. */
        post: operations["resendPortalDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables/{name}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The rows as CSV, with the names of the columns in the first line. */
        get: operations["exportRows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/data-tables/{name}/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts the rows of a CSV file in, 1000 at a time. Its first line names the columns; `id`, `createdAt` and `updatedAt` are given anew. */
        post: operations["importRows"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/listeners": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Triggers of active workflows that listen to mailboxes, brokers and folders, or that services call, and how they are. */
        get: operations["listListeners"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the tokens that one could have made oneself, without their texts. */
        get: operations["listTokens"];
        put?: never;
        /** Makes a token. Its text is shown this once. */
        post: operations["createToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a token back. */
        delete: operations["revokeToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/scopes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists workspaces and environments that the caller has a role in. */
        get: operations["listScopes"];
        put?: never;
        /** Makes an environment, and its workspace when that is new (201); 200 when it is there already. */
        post: operations["createScope"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what people and configuration changed, newest first. A page may be short although more follows. */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Computes the chain of the log anew and compares. */
        get: operations["verifyAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells by what one can sign in. */
        get: operations["signInWays"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Opens a session by password; the cookie comes with the answer. */
        post: operations["signInByPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in/passkey/begin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells what to ask an authenticator for. */
        post: operations["askPasskey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in/passkey": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Opens a session by passkey; the cookie comes with the answer. */
        post: operations["signInByPasskey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in/{provider}/begin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells where to go to sign in with a provider. */
        post: operations["departForProvider"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in/{provider}/return": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where a provider sends people back to: opens a session and leads on. */
        get: operations["returnFromProvider"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/links/look": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells what a one-time link is good for. */
        post: operations["lookAtLink"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/links/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Uses a one-time link: makes the account or sets its password, and opens a session. */
        post: operations["acceptLink"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells who asks, by session or token. */
        get: operations["whoAmI"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Gives oneself another name. */
        patch: operations["renameMe"];
        trace?: never;
    };
    "/api/v1/me/sign-out": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the session. */
        post: operations["signOut"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sets another password; every other session ends, and this one gets a new cookie. */
        post: operations["changePassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists one's sessions, the newest first. */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        /** Ends all of one's sessions but this one. */
        delete: operations["endOtherSessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one of one's sessions. */
        delete: operations["endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/passkeys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists one's passkeys, the oldest first. */
        get: operations["listPasskeys"];
        put?: never;
        /** Keeps a passkey that an authenticator has made. */
        post: operations["addPasskey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/passkeys/begin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells what to ask an authenticator for that is to make a passkey. */
        post: operations["askNewPasskey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/passkeys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes one of one's passkeys away. */
        delete: operations["removePasskey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists by which providers one comes in. */
        get: operations["listIdentities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/identities/{provider}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells where to go to come in by a provider from now on. */
        post: operations["attachIdentity"];
        /** Comes in by a provider no more. */
        delete: operations["detachIdentity"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists one's personal tokens, without their texts. */
        get: operations["listMyTokens"];
        put?: never;
        /** Makes a personal token, which never has more than its person. Its text is shown this once. */
        post: operations["createMyToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a personal token back. */
        delete: operations["revokeMyToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the people whom one may see. */
        get: operations["listUsers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/invite": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a one-time link that lets somebody in. It is shown this once. */
        post: operations["inviteUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/owner-link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a one-time link by which whoever has it becomes an owner. */
        post: operations["makeOwnerLink"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the one-time links that wait, without their secrets. */
        get: operations["listLinks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/links/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a one-time link back. */
        delete: operations["dropLink"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a one-time link by which somebody sets a new password. */
        post: operations["resetUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Changes what somebody may do; their sessions end. */
        put: operations["changeUserRules"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Shuts somebody out: their sessions, tokens and links end. */
        post: operations["disableUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets somebody in again. */
        post: operations["enableUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends all sessions of somebody. */
        delete: operations["endUserSessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in/providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the providers that people sign in with, without their secrets. */
        get: operations["listProviders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in/providers/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Sets a provider up that people sign in with (OpenID Connect). It is asked at once. */
        put: operations["putProvider"];
        post?: never;
        /** Drops a provider, and with it who is known by it. */
        delete: operations["deleteProvider"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/preferences/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gives what was kept for whoever asks, a person or a token that is nobody's; `null` when nothing was. */
        get: operations["myPreference"];
        /** Keeps a preference, any JSON of at most 64 KiB; at most 64 of them. */
        put: operations["keepMyPreference"];
        post?: never;
        /** Forgets a preference. */
        delete: operations["forgetMyPreference"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/integrations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every outside service in use: by whom, through which connections, and how it is. */
        get: operations["listIntegrations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vendor-register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All vendors with what is due, what they cost in a year, and what is missing. */
        get: operations["vendorRegister"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/evaluations/{name}/ranking": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ranks the candidates of an evaluation. */
        get: operations["rankEvaluation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/secrets-inventory": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where secrets are, who set them, how old they are; never a value. */
        get: operations["secretsInventory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This API as an OpenAPI 3.1 document. */
        get: operations["openApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A refusal: what, where, why, and how to mend it. */
        Problem: {
            /** @description Stable code such as `FP0104`; its page is `docs/errors/FP0104.md`. */
            code: components["schemas"]["Code"];
            /** @description What happened, in words that are safe to show. */
            detail: string;
            /** @description JSON pointer to the offending part of the input, if it lies in one. */
            pointer?: string | null;
            /** @description What to do about it. */
            hint?: string | null;
            /** @description Further problems, when a check found several. */
            problems?: components["schemas"]["Problem"][];
            /**
             * Format: uint64
             * @description Seconds after which the same request may succeed.
             */
            retryAfter?: number | null;
        };
        /** @enum {string} */
        Code: "FP0001" | "FP0002" | "FP0003" | "FP0004" | "FP0005" | "FP0006" | "FP0007" | "FP0008" | "FP0009" | "FP0010" | "FP0011" | "FP0012" | "FP0013" | "FP0014" | "FP0015" | "FP0016" | "FP0101" | "FP0102" | "FP0103" | "FP0104" | "FP0105" | "FP0106" | "FP0107" | "FP0108" | "FP0109" | "FP0201" | "FP0202" | "FP0203" | "FP0204" | "FP0205" | "FP0206" | "FP0207" | "FP0301" | "FP0302" | "FP0303" | "FP0304" | "FP0305" | "FP0306" | "FP0307" | "FP0308" | "FP0309" | "FP0310" | "FP0311" | "FP0312" | "FP0401" | "FP0402" | "FP0403" | "FP0404" | "FP0405" | "FP0406" | "FP0407" | "FP0501" | "FP0502" | "FP0503" | "FP0504" | "FP0505" | "FP0506" | "FP0507" | "FP0508" | "FP0509" | "FP0510" | "FP0511" | "FP0512" | "FP0601" | "FP0602" | "FP0603" | "FP0604" | "FP0605" | "FP0606" | "FP0607" | "FP0608" | "FP0701" | "FP0702" | "FP0703" | "FP0704" | "FP0705" | "FP0801" | "FP0802";
        /** @description Whether the server works. */
        Health: {
            /** @description `ok`, or `degraded` when the store does not answer. */
            status: string;
            /** @description Version of the server. */
            version: string;
        };
        /** @description A page of a list. */
        Page: {
            /** @description The entries. */
            items: components["schemas"]["NodeTypeView"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A node type with the schema of its parameters. */
        NodeTypeView: {
            /** @description Id, for example `core.set`. */
            id: string;
            /**
             * Format: uint32
             * @description Version; released versions stay runnable.
             */
            version: number;
            /** @description Title in the palette. */
            title: string;
            /** @description One sentence in the palette. */
            summary: string;
            /** @description Place in the palette. */
            group: components["schemas"]["Group"];
            /** @description The most that any configuration of it may do. */
            effect: components["schemas"]["Effect"];
            /** @description What happens to a call whose outcome a crash has hidden, unless the node says otherwise. */
            onUncertain: components["schemas"]["OnUncertain"];
            /** @description Words that people search it by, besides title and id. */
            keywords: string[];
            /** @description JSON Schema of its parameters; any value may be an expression instead. */
            params: unknown;
            /** @description Connections that its nodes may hold, and of which schemes. */
            connections: components["schemas"]["Slot"][];
            /** @description Item inputs and outputs of a node without parameters; absent when it cannot be without. */
            ports?: components["schemas"]["PortsView"] | null;
            /** @description Where it comes from. */
            provider: string;
            /** @description n8n's types that it stands for. */
            n8n: string[];
        };
        /** @description Where a node type stands in the palette. */
        Group: "trigger" | "flow" | "transform" | "action" | "attachment" | "note";
        /** @description What a step of the node type may do to the world, and so what must be durable before and after it. */
        Effect: "pure" | "local" | "idempotent" | "effect";
        /** @description What to do with a call whose outcome a crash has hidden. */
        OnUncertain: "retry" | "ask" | "fail";
        /** @description A connection that nodes of a type may hold. */
        Slot: {
            /** @description Name of the slot, the key in a node's `connections`. */
            slot: string;
            /** @description Schemes of the connections that fit, as their `type` names them. */
            kinds: string[];
        };
        /** @description How many ports a node has. */
        PortsView: {
            /**
             * Format: uint16
             * @description Item inputs.
             */
            inputs: number;
            /**
             * Format: uint16
             * @description Item outputs, the error branch not counted.
             */
            outputs: number;
        };
        /** @description A page of a list. */
        Page2: {
            /** @description The entries. */
            items: components["schemas"]["KindView"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A kind of resource. */
        KindView: {
            /** @description Name. */
            name: string;
            /** @description As it stands in addresses. */
            plural: string;
            /**
             * Format: uint32
             * @description Version of the spec's shape.
             */
            specVersion: number;
            /** @description What it is. */
            summary: string;
            /** @description JSON Schema of the spec. */
            schema: unknown;
        };
        /** @description A page of a list. */
        Page3: {
            /** @description The entries. */
            items: components["schemas"]["Written"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description What a write came to. */
        Written: {
            /** @description The resource as it is now. */
            resource: components["schemas"]["Resource"];
            /** @description What happened to it. */
            action: components["schemas"]["Act"];
            /** @description What keeps it from working, if anything does; it is stored all the same. */
            problems?: components["schemas"]["Problem"][];
        };
        /** @description A resource as it is stored and served. */
        Resource: {
            /** @description Kind, for example `workflow`. */
            kind: string;
            /** @description Name inside the kind. */
            name: components["schemas"]["Name"];
            /** @description Workspace and environment. */
            scope: components["schemas"]["Scope"];
            /**
             * Format: uint32
             * @description Version of the spec's shape, always the newest one: older ones are lifted on read.
             */
            specVersion: number;
            /**
             * Format: uint64
             * @description Position of the write in the store's order; also the resource's `ETag`.
             */
            revision: number;
            /**
             * @description Free labels.
             * @default {}
             */
            labels?: {
                [key: string]: string;
            };
            /** @description The configured content. */
            spec: unknown;
            /** @description When it was first written, RFC 3339. */
            createdAt: string;
            /** @description When this revision was written, RFC 3339. */
            updatedAt: string;
            /** @description Who wrote this revision. */
            updatedBy: string;
        };
        /** @description The name of a resource: 1 to 128 of `a-z 0-9 - _ .`, beginning with a letter or digit. Cheap to clone. */
        Name: string;
        /** @description A tenant and one of its environments. `main/prod` until somebody makes a second one. */
        Scope: {
            /** @description The tenant. */
            workspace: components["schemas"]["Name"];
            /** @description `dev`, `staging`, `prod` or another stage inside it. */
            environment: components["schemas"]["Name"];
        };
        /** @description What happened to a resource. */
        Act: "created" | "updated" | "unchanged";
        /** @description Many resources. */
        Many: {
            /** @description The resources. */
            resources: components["schemas"]["Manifest"][];
        };
        /** @description A resource as it is written in files and over the API. */
        Manifest: {
            /** @description Kind, for example `workflow`. */
            kind: string;
            /** @description Name inside the kind. */
            name: components["schemas"]["Name"];
            /**
             * Format: uint32
             * @description Version of the spec's shape; absent means the newest.
             */
            specVersion?: number | null;
            /** @description Free labels for searching and selecting. */
            labels?: {
                [key: string]: string;
            };
            /** @description The configured content; its shape is the kind's. */
            spec: unknown;
        };
        /** @description A page of a list. */
        Page4: {
            /** @description The entries. */
            items: components["schemas"]["Compared"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description The difference between two texts of a resource. */
        Compared: {
            /** @description Kind. */
            kind: string;
            /** @description Name. */
            name: components["schemas"]["Name"];
            /**
             * Format: uint64
             * @description Revision of the first text; absent when there was none.
             */
            from?: number | null;
            /**
             * Format: uint64
             * @description Revision of the second text; absent when it is not stored.
             */
            to?: number | null;
            /** @description Place by place. */
            changes: components["schemas"]["Change"][];
            /** @description RFC 6902; applied to the first text it gives the second. */
            patch: unknown[];
        };
        /** @description What changed at one place. */
        Change: {
            /** @description Where. Nodes and other named entries of a list are addressed by their name: `/nodes/Set Fields/params/mode`. */
            pointer: string;
            /** @description What was there; absent when there was nothing. */
            before?: unknown;
            /** @description What is there; absent when there is nothing. */
            after?: unknown;
        };
        /** @description A page of a list. */
        Page5: {
            /** @description The entries. */
            items: components["schemas"]["Resource"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A resource to write, in the address of its kind. Kind and name may be given; they must be those of the address. */
        Body: {
            /**
             * @description Kind.
             * @default null
             */
            kind?: string | null;
            /**
             * @description Name inside the kind.
             * @default null
             */
            name?: components["schemas"]["Name"] | null;
            /**
             * Format: uint32
             * @description Version of the spec's shape; absent means the newest.
             * @default null
             */
            specVersion?: number | null;
            /**
             * @description Free labels.
             * @default {}
             */
            labels?: {
                [key: string]: string;
            };
            /** @description The configured content. */
            spec: unknown;
        };
        /** @description What a deletion left behind. */
        Deleted: {
            /** @description What is gone. */
            resource: components["schemas"]["Ref"];
            /** @description Resources that still refer to it. None of them is active. */
            stillUsedBy: components["schemas"]["Ref"][];
        };
        /** @description `kind/name`, the address of a resource inside its scope. */
        Ref: {
            /** @description Kind, `kebab-case` and singular. */
            kind: string;
            /** @description Name inside the kind. */
            name: components["schemas"]["Name"];
        };
        /** @description A page of a list. */
        Page6: {
            /** @description The entries. */
            items: components["schemas"]["Revision"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A revision in a resource's history. */
        Revision: {
            /**
             * Format: uint64
             * @description Its number.
             */
            revision: number;
            /** @description `put`, `delete` or `rename`. */
            action: string;
            /** @description When it was written, RFC 3339. */
            writtenAt: string;
            /** @description Who wrote it. */
            writtenBy: string;
        };
        /** @description Whether a resource could work, and what it uses. */
        Condition: {
            /** @description Nothing keeps it from working. */
            runnable: boolean;
            /** @description What keeps it from working. */
            problems: components["schemas"]["Problem"][];
            /** @description What it refers to. */
            refersTo: components["schemas"]["Ref"][];
            /** @description Resources that refer to it. */
            usedBy: components["schemas"]["Ref"][];
            /** @description Active workflows that use it. */
            activelyUsedBy: components["schemas"]["Ref"][];
        };
        /** @description Which revision comes back. */
        Rollback: {
            /**
             * Format: uint64
             * @description Its number.
             */
            revision: number;
        };
        /** @description A page of a list. */
        Page7: {
            /** @description The entries. */
            items: components["schemas"]["Ref"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A new name. */
        Rename: {
            /** @description The name. */
            to: components["schemas"]["Name"];
        };
        /** @description A workflow that is being edited. */
        Draft: {
            /** @description Workflow; it need not exist yet. */
            workflow: components["schemas"]["Name"];
            /**
             * Format: uint64
             * @description Counts the writes; also the draft's `ETag`.
             */
            version: number;
            /**
             * Format: uint64
             * @description Revision that it began from.
             */
            baseRevision?: number | null;
            /** @description The text. */
            spec: components["schemas"]["WorkflowSpec"];
            /** @description When it was last written, RFC 3339. */
            updatedAt: string;
            /** @description Who wrote it last. */
            updatedBy: string;
            /** @description What keeps it from being activated. */
            problems?: components["schemas"]["Problem"][];
        };
        /** @description The spec of kind `workflow`. */
        WorkflowSpec: {
            /** @description Title for people; the resource's name is the address. */
            title?: string;
            /** @description What it is for, in Markdown. */
            description?: string;
            /**
             * @description The nodes, in the order in which they were added.
             * @default []
             */
            nodes?: components["schemas"]["NodeSpec"][];
            /** @description The edges. Their order is the order in which an output's successors are visited. */
            edges?: components["schemas"]["Edge"][];
            /** @description How runs behave. */
            settings?: components["schemas"]["Settings"];
            /** @description What an import could not map, kept verbatim, by source (`n8n`). */
            foreign?: {
                [key: string]: unknown;
            };
        };
        /** @description One node of the graph. */
        NodeSpec: {
            /** @description Name, unique in the workflow; expressions and edges refer to it. */
            name: string;
            /** @description Stable id, kept over renames so that two people's edits can be merged by node. */
            id?: string;
            /** @description Node type, for example `core.set`. An id, never an enum: the catalogue grows at run time. */
            type: string;
            /**
             * Format: uint32
             * @description Version of the node type.
             */
            version?: number;
            /** @description Place on the canvas, x then y. Order v1 visits successors from top to bottom, then left to right. */
            position?: number[];
            /** @description Parameters; their shape is the node type's. A string that begins with `=` is an expression. */
            params?: {
                [key: string]: unknown;
            };
            /** @description Connections by slot, for example `{"auth": "crm-prod"}`. */
            connections?: {
                [key: string]: components["schemas"]["Name"];
            };
            /** @description A disabled node passes its first input through. */
            disabled?: boolean;
            /** @description Emits one empty item when there would be none. */
            alwaysOutputData?: boolean;
            /** @description Runs for the first item only. */
            executeOnce?: boolean;
            /** @description What follows when all tries failed. */
            onError?: components["schemas"]["OnError"];
            /** @description Tries; absent means one. */
            retry?: components["schemas"]["RetryPolicy"] | null;
            /** @description Items to go on with when the step failed for good; comes before the error branch in the chain. */
            fallback?: unknown[] | null;
            /** @description What to do with a call whose outcome a crash has hidden. Absent: the node type's default. */
            onUncertain?: components["schemas"]["OnUncertain"] | null;
            /** @description Longest time that one attempt may take. */
            timeout?: components["schemas"]["Duration"] | null;
            /** @description Items that stand in for the node's output in draft runs. */
            pinned?: unknown[] | null;
            /** @description A note shown at the node. */
            notes?: string;
            /** @description What an import could not map, kept verbatim, by source (`n8n`). */
            foreign?: {
                [key: string]: unknown;
            };
        };
        /** @description What follows when all tries of a step failed and there is no fallback. */
        OnError: "stop" | "continue" | "errorBranch";
        /** @description How often and how far apart a step is tried. */
        RetryPolicy: {
            /**
             * Format: uint32
             * @description Tries in all, the first included; 1 to 100.
             */
            tries: number;
            /**
             * @description Wait between tries.
             * @default 1s
             */
            wait?: components["schemas"]["Duration"];
            /**
             * Format: uint32
             * @description Factor by which the wait grows from try to try.
             */
            factor?: number;
        };
        /**
         * @example 30s
         * @example 2h30m
         */
        Duration: string;
        /** @description An edge from an output port to an input port. */
        Edge: {
            /** @description Name of the node that it leaves. */
            from: string;
            /**
             * Format: uint16
             * @description Index of the output port.
             */
            output?: number;
            /** @description Name of the node that it enters. */
            to: string;
            /**
             * Format: uint16
             * @description Index of the input port.
             */
            input?: number;
            /** @description Kind of an attachment edge (`model`, `tool`, `memory` …). Absent: items flow along it. */
            attachment?: string | null;
        };
        /** @description How the runs of a workflow behave. */
        Settings: {
            /** @description Order in which ready nodes run. */
            order?: components["schemas"]["Order"];
            /** @description IANA time zone of expressions and schedules. Absent: the server's. */
            timezone?: string | null;
            /** @description Workflow that is started when a run of this one fails. */
            errorWorkflow?: components["schemas"]["Name"] | null;
            /** @description Longest time that a run may take, waits not counted. */
            timeout?: components["schemas"]["Duration"] | null;
            /** @description Who may call it as a sub-workflow. */
            callers?: components["schemas"]["Callers"];
            /** @description Runs at the same time, and how the others wait. */
            fairness?: components["schemas"]["Fairness"];
            /** @description How long runs are kept. */
            retention?: components["schemas"]["Retention"];
            /**
             * Format: uint64
             * @description Bytes of live data that a run may hold in memory. Absent: the server's ceiling.
             */
            memoryLimit?: number | null;
        };
        /** @description Order in which ready nodes run. */
        Order: "v1" | "v0" | "parallel";
        /** @description Who may call a workflow as a sub-workflow. */
        Callers: "any" | "none" | {
            these: components["schemas"]["Name"][];
        };
        /** @description Limits that keep one workflow from starving others. */
        Fairness: {
            /**
             * Format: uint32
             * @description Runs at the same time, per key.
             */
            concurrency?: number | null;
            /** @description Starts per `per`, per key. */
            rate?: components["schemas"]["Rate"] | null;
            /** @description Wait for this long without a further event of the same key, then run the last one only. */
            debounce?: components["schemas"]["Duration"] | null;
            /**
             * Format: int8
             * @description Higher runs first, -100 to 100.
             */
            priority?: number;
            /** @description Expression over the trigger's item that gives the key; absent: one key for all. */
            key?: string | null;
        };
        /** @description So many per so long. */
        Rate: {
            /**
             * Format: uint32
             * @description How many.
             */
            count: number;
            /** @description In which time. */
            per: components["schemas"]["Duration"];
        };
        /** @description A budget for stored runs: the oldest go first when any limit is passed. */
        Retention: {
            /** @description Age of completed runs. */
            completedAge?: components["schemas"]["Duration"] | null;
            /** @description Age of failed runs; kept longer than completed ones unless said otherwise. */
            failedAge?: components["schemas"]["Duration"] | null;
            /**
             * Format: uint64
             * @description Number of ended runs.
             */
            count?: number | null;
            /**
             * Format: uint64
             * @description Stored bytes of ended runs.
             */
            bytes?: number | null;
        };
        /** @description A draft to write. */
        PutDraft: {
            /** @description The text. */
            spec: components["schemas"]["WorkflowSpec"];
            /**
             * Format: uint64
             * @description Revision that it began from; kept when absent.
             */
            baseRevision?: number | null;
        };
        /** @description What is live. */
        Activation: {
            /** @description Workflow. */
            workflow: components["schemas"]["Name"];
            /** @description Its triggers fire. */
            enabled: boolean;
            /**
             * Format: uint64
             * @description The live revision.
             */
            revision: number;
            /**
             * Format: uint8
             * @description Percent of new events that it gets.
             */
            share: number;
            /**
             * Format: uint64
             * @description The revision that gets the rest.
             */
            previous?: number | null;
            /** @description When it was last changed, RFC 3339. */
            updatedAt: string;
            /** @description Who changed it. */
            updatedBy: string;
            /** @description Paths of its webhooks and forms, from `/hooks/` or `/forms/` on, and addresses that a person enters at services. */
            addresses: string[];
            /** @description What keeps services from calling its triggers. They are told again by themselves. */
            problems?: components["schemas"]["Problem"][];
        };
        /** @description What is to be live. */
        Activate: {
            /**
             * Format: uint64
             * @description Revision; absent: the newest.
             */
            revision?: number | null;
            /**
             * Format: uint8
             * @description Percent of new events that it gets, 1 to 100; the revision that is live now keeps the rest. Absent: 100.
             */
            share?: number | null;
        };
        /** @description A run that was started. */
        Started: {
            /** @description Its id. */
            run: string;
        };
        /** @description How to run a workflow by hand. */
        RunByHand: {
            /**
             * @description Items that the trigger puts out; none: one empty item.
             * @default null
             */
            input?: unknown[] | null;
            /**
             * @description Trigger node; absent: the only one that fits.
             * @default null
             */
            trigger?: string | null;
            /**
             * @description Run the draft, with its pinned data.
             * @default false
             */
            draft?: boolean;
            /**
             * Format: uint64
             * @description Run a certain revision.
             * @default null
             */
            revision?: number | null;
            /**
             * @description Run to this node and no further.
             * @default null
             */
            destination?: string | null;
            /**
             * @description Start at this node with the input, instead of a trigger.
             * @default null
             */
            startAt?: string | null;
        };
        /** @description What an expression came to. */
        Tried: {
            /** @description The value; absent when it is `undefined`, or when there is an error. */
            value?: unknown;
            /** @description Why it has none. */
            error?: components["schemas"]["ExpressionFault"] | null;
            /** @description Errors that made a part of it `undefined`, in JavaScript's words. */
            notes?: string[];
            /**
             * Format: uint
             * @description Items that came in.
             */
            items: number;
            /** @description The run whose data was looked at. */
            run?: string | null;
        };
        /** @description Why an expression has no value. */
        ExpressionFault: {
            /** @description What is wrong. */
            detail: string;
            /** @description What to do about it. */
            hint?: string | null;
            /**
             * Format: uint
             * @description Where it begins, in UTF-16 units of the parameter, when that is known.
             */
            from?: number | null;
            /**
             * Format: uint
             * @description Where it ends, when that is known.
             */
            to?: number | null;
        };
        /** @description An expression to try. */
        TryExpression: {
            /** @description Name of the node whose parameter it stands in. */
            node: string;
            /** @description The parameter, for example `={{ $json.total }}`. */
            expression: string;
            /**
             * @description Run whose data it sees; absent: the newest of the workflow.
             * @default null
             */
            run?: string | null;
            /**
             * @description Items to take for the node's input, at most 1000; absent: those pinned before it, or that came to it in the run.
             * @default null
             */
            input?: unknown[] | null;
            /**
             * Format: uint
             * @description Position of the item; 0 when absent.
             * @default 0
             */
            item?: number;
        };
        /** @description A draft that listens. */
        Listening: {
            /** @description Method and address of each of its webhooks. */
            addresses: string[];
            /** @description When it stops, RFC 3339. */
            until: string;
        };
        /** @description How long to listen. */
        Listen: {
            /**
             * Format: uint64
             * @description Seconds, 1 to 3600; 120 when absent.
             * @default null
             */
            seconds?: number | null;
            /**
             * @description Hear every event until then, instead of one.
             * @default false
             */
            keep?: boolean;
        };
        /** @description A test event that began a run. */
        TestEvent: {
            /** @description The run. */
            run: string;
        };
        /** @description Who is there, or that the draft was written. */
        Company: components["schemas"]["Present"][] | components["schemas"]["DraftNews"];
        /** @description Somebody who has a draft open. */
        Present: {
            /** @description The open page, by the name that it gave itself; one person may have several. */
            client: string;
            /** @description Who. */
            actor: string;
            /** @description The node that they look at. */
            node?: string | null;
        };
        /** @description A write of a draft. */
        DraftNews: {
            /**
             * Format: uint64
             * @description Its version; absent: it was dropped or published.
             */
            version?: number | null;
            /** @description Who wrote it. */
            by: string;
        };
        /** @description What one looks at. */
        Look: {
            /** @description The open page, as it named itself when it began to follow. */
            client: string;
            /**
             * @description A node of the draft; absent: none.
             * @default null
             */
            node?: string | null;
        };
        /** @description A secret value. */
        Secret: {
            /** @description The value. */
            value: string;
        };
        /** @description Connections that somebody has to do something about. */
        Warnings: {
            /** @description They are dead, or end within a week. */
            items: components["schemas"]["Status"][];
        };
        /** @description What is known of a connection. Times are in milliseconds since 1970. */
        Status: {
            /** @description The connection. */
            name: string;
            /** @description How it is. */
            state: components["schemas"]["Health2"];
            /** @description A person connects it by consenting at the service. */
            needsConsent: boolean;
            /** @description The address that has to be registered at the service, for people to be sent back to. */
            redirectUri?: string | null;
            /**
             * Format: int64
             * @description End of what is shown in calls; it is renewed before by itself, unless `endsAt` says otherwise.
             */
            expiresAt?: number | null;
            /**
             * Format: int64
             * @description When a person has to do something.
             */
            endsAt?: number | null;
            /** @description Scopes that are asked for. */
            scopes: string[];
            /** @description Scopes that were given. */
            granted?: string[] | null;
            /** @description Who consented last. */
            connectedBy?: string | null;
            /**
             * Format: int64
             * @description When that was.
             */
            connectedAt?: number | null;
            /**
             * Format: int64
             * @description When tokens were renewed last.
             */
            lastRefresh?: number | null;
            /**
             * Format: int64
             * @description Since when the service does not take it.
             */
            deadSince?: number | null;
            /** @description Why, or what is missing. */
            reason?: string | null;
        };
        /** @description How a connection is. */
        Health2: "good" | "incomplete" | "ending" | "dead";
        /** @description Where a person goes to consent. */
        Consent: {
            /** @description The service's page. */
            location: string;
            /** @description What the account may be used for afterwards. */
            scopes: string[];
            /**
             * Format: int64
             * @description Until when it may be answered, in milliseconds since 1970.
             */
            expiresAt: number;
        };
        /** @description What a person types in on another device. */
        DeviceCode: {
            /** @description What this is asked for by. */
            handle: string;
            /** @description The code to type in. */
            userCode: string;
            /** @description Where to type it in. */
            verificationUri: string;
            /** @description The same with the code in it, for a link. */
            verificationUriComplete?: string | null;
            /** @description What the account may be used for afterwards. */
            scopes: string[];
            /**
             * Format: int64
             * @description Seconds between two looks.
             */
            interval: number;
            /**
             * Format: int64
             * @description Until when it may be answered, in milliseconds since 1970.
             */
            expiresAt: number;
        };
        /** @description What became of a code on another device. */
        DeviceAnswer: {
            /** @description It is connected; otherwise nobody has consented so far. */
            connected: boolean;
            /** @description Look less often from now on. */
            slower: boolean;
        };
        /** @description A code that was asked for before. */
        Poll: {
            /** @description Its `handle`. */
            handle: string;
        };
        /** @description What came of a trial. */
        Tried2: {
            /** @description How the connection is. */
            status: components["schemas"]["Status"];
            /**
             * Format: uint16
             * @description Status that the address answered with.
             */
            answered?: number | null;
        };
        /** @description What to try. */
        Trial: {
            /**
             * @description An address to read with the connection; absent: tokens are renewed, and secrets looked at.
             * @default null
             */
            url?: string | null;
        };
        /** @description What became of tokens. */
        Disconnected: {
            /** @description The service has made them void, too. Otherwise it may know them until they end. */
            told: boolean;
        };
        /** @description A link by which somebody connects again. */
        ReconnectLink: {
            /** @description The address; it is good once. */
            url: string;
            /**
             * Format: int64
             * @description Until when, in milliseconds since 1970.
             */
            expiresAt: number;
            /** @description Whom to send it to: who connected it before. */
            owner?: string | null;
        };
        /** @description How the calls with a connection go, since this server started. Times are milliseconds since 1970. */
        Calls: {
            /**
             * Format: uint64
             * @description Attempts to call, retries and redirects included; what was held back is none.
             */
            callCount: number;
            /**
             * Format: uint64
             * @description Attempts without an answer, or answered with 401, 407, 429 or 5xx.
             */
            errorCount: number;
            /**
             * Format: uint64
             * @description Attempts in the last 15 minutes.
             */
            recentCallCount: number;
            /**
             * Format: uint64
             * @description Errors among them.
             */
            recentErrorCount: number;
            /**
             * Format: double
             * @description Share of errors among them, from 0 to 1.
             */
            errorShare: number;
            /**
             * Format: uint64
             * @description When an attempt last went well.
             */
            lastSuccessAt?: number | null;
            /**
             * Format: uint64
             * @description When an attempt last failed.
             */
            lastFailureAt?: number | null;
            /** @description Why it did. */
            lastFailure?: string | null;
            /**
             * Format: double
             * @description Half of the answers of the last minutes began within so many milliseconds.
             */
            medianMillis?: number | null;
            /**
             * Format: double
             * @description Nineteen of twenty did within so many.
             */
            slowMillis?: number | null;
            /** @description The scarcest quota that the service states. */
            quota?: components["schemas"]["Quota"] | null;
            /**
             * Format: uint64
             * @description Until when the service wants to be left alone.
             */
            pausedUntil?: number | null;
            /**
             * Format: uint64
             * @description Calls that wait for a place.
             */
            waitingCount: number;
            /** @description The circuit breaker, which holds calls back from a service that keeps failing. */
            breaker: components["schemas"]["Breaker"];
            /**
             * Format: uint64
             * @description When a held back call may pass to see whether the service is back.
             */
            probeAt?: number | null;
            /**
             * Format: uint64
             * @description Answers that are kept in memory.
             */
            cachedCount: number;
            /**
             * Format: uint64
             * @description Calls that were answered from memory.
             */
            hitCount: number;
        };
        /** @description A quota as the service last stated it, with what was used since. */
        Quota: {
            /**
             * Format: uint64
             * @description Calls in each window.
             */
            limit?: number | null;
            /**
             * Format: uint64
             * @description Calls that are left.
             */
            remaining: number;
            /**
             * Format: uint64
             * @description When it is whole again.
             */
            resetsAt: number;
        };
        /** @description How a circuit breaker stands. */
        Breaker: "closed" | "open" | "probing" | "heldOpen" | "heldClosed";
        /** @description What was forgotten. */
        Forgotten: {
            /**
             * Format: uint64
             * @description Answers.
             */
            count: number;
        };
        /** @description What to forget. */
        Forget: {
            /**
             * @description Only answers for the workflow of that name, and those that the service tagged so (`Cache-Tag`, `Surrogate-Key`);
             *     all when absent.
             */
            tag?: string | null;
        };
        /** @description What becomes of a circuit breaker. */
        Hold: {
            /** @description `open` holds calls back, `closed` lets them pass, `auto` leaves it to the breaker again. */
            breaker: components["schemas"]["Wanted"];
        };
        Wanted: "open" | "closed" | "auto";
        /** @description A page of a list. */
        Page8: {
            /** @description The entries. */
            items: components["schemas"]["ConnectorView"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description An outside service. */
        ConnectorView: {
            /** @description Its name, the first part of the names of its node types. */
            name: string;
            /** @description The service's name. */
            title: string;
            /** @description What one does with it. */
            summary: string;
            /** @description The vendor's reference. */
            docs: string;
            /** @description Where it stands in the list. */
            categories: string[];
            /** @description Words that people search it by. */
            keywords: string[];
            /**
             * Format: uint
             * @description Number of its operations.
             */
            operations: number;
            /**
             * Format: uint
             * @description Number of its triggers that are run.
             */
            triggers: number;
            /** @description JSON Schema of what a connection says beside its secrets. */
            settings: unknown;
            /** @description Ways to show an account, the best one first; none: the service asks for no account. */
            accounts: components["schemas"]["AccountView"][];
        };
        /** @description A way to show an account. */
        AccountView: {
            /** @description Its name in the manifest. */
            id: string;
            /** @description What the service calls it. */
            title: string;
            /** @description Where a person finds it. */
            help: string;
            /** @description The connection's spec, to be filled in. */
            spec: unknown;
            /** @description Secrets that a person sets, with what the service calls them. */
            secrets: {
                [key: string]: string;
            };
            /** @description Places of the spec that only whoever has the account knows. */
            fillIn: string[];
            /** @description Whether a person consents at the service. */
            consent: boolean;
        };
        /** @description A page of a list. */
        Page9: {
            /** @description The entries. */
            items: components["schemas"]["OfferedChoice"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A value that a parameter may have. */
        OfferedChoice: {
            /** @description The value, a text or a number. */
            value: unknown;
            /** @description What people see. */
            label: string;
            /** @description What tells it from others of its name. */
            about?: string | null;
        };
        /** @description What somebody wants to choose from. */
        Wanted2: {
            /** @description The node type. */
            type: string;
            /** @description The parameter: a JSON pointer below the node, such as `/params/channel`. */
            parameter: string;
            /**
             * @description The node's parameters as they are now. Lists may depend on some of them.
             * @default {}
             */
            params?: {
                [key: string]: unknown;
            };
            /**
             * @description The node's connections by slot.
             * @default {}
             */
            connections?: {
                [key: string]: components["schemas"]["Name"];
            };
            /**
             * @description What is searched: the service's own search where it has one, else a part of the label, the value or the note.
             * @default
             */
            search?: string;
            /**
             * @description The last answer's `nextCursor`.
             * @default null
             */
            cursor?: string | null;
            /**
             * @description Asks the service again, although it was asked within a minute.
             * @default false
             */
            fresh?: boolean;
        };
        /** @description What an import came to. */
        ImportAnswer: {
            /** @description One for each workflow, and one for each file that could not be read. */
            files: components["schemas"]["FileReport"][];
            /** @description Sums. */
            totals: components["schemas"]["Totals"];
            /** @description What was written, or would have been. */
            written: components["schemas"]["Written"][];
        };
        /** @description What became of one workflow of a file. */
        FileReport: {
            /** @description The file, as the caller named it. */
            file: string;
            /** @description Name that the workflow got. Absent: the file, or this part of it, could not be read. */
            workflow?: components["schemas"]["Name"] | null;
            /**
             * Format: uint64
             * @description Number of its nodes.
             */
            nodes: number;
            /**
             * Format: uint64
             * @description Number of nodes that have a node type here.
             */
            supported: number;
            /** @description The others, by type and version. */
            unsupported: components["schemas"]["Unsupported"][];
            /** @description What was kept but not understood, and what is wrong with the file. Pointers lead into n8n's workflow. */
            problems: components["schemas"]["Problem"][];
            /** @description Connections that its nodes want, in the order of the nodes. Their secrets are never in a file. */
            connections: components["schemas"]["Wanted3"][];
            /** @description Whether the export of it is the same as the file. */
            roundTrip: boolean;
        };
        /** @description Nodes of a type or version that there is no node type for. */
        Unsupported: {
            /** @description n8n's type, for example `n8n-nodes-base.slack`. */
            type: string;
            /**
             * Format: double
             * @description n8n's version of the type.
             */
            typeVersion: number;
            /**
             * Format: uint64
             * @description How many nodes.
             */
            count: number;
            /** @description Why. */
            reason: string;
        };
        /** @description A connection that nodes of a workflow want. */
        Wanted3: {
            /** @description Name that the nodes refer to; create a connection of this name. */
            connection: components["schemas"]["Name"];
            /** @description n8n's credential type, for example `httpBasicAuth`. */
            type: string;
            /** @description Title in n8n. */
            title: string;
            /** @description Names of the nodes that use it. */
            nodes: string[];
        };
        /** @description Sums over all workflows of an import. */
        Totals: {
            /**
             * Format: uint64
             * @description Workflows that were read.
             */
            workflows: number;
            /**
             * Format: uint64
             * @description Files, or parts of them, that could not be read.
             */
            unreadable: number;
            /**
             * Format: uint64
             * @description Nodes of all workflows.
             */
            nodes: number;
            /**
             * Format: uint64
             * @description Nodes that have a node type here.
             */
            supported: number;
            /**
             * Format: uint64
             * @description Nodes that have none.
             */
            unsupported: number;
            /**
             * Format: uint64
             * @description Problems of all workflows.
             */
            problems: number;
            /**
             * Format: uint64
             * @description Workflows whose export is the same as their file.
             */
            roundTrip: number;
            /**
             * Format: uint64
             * @description Workflows whose nodes all have a node type here.
             */
            complete: number;
        };
        /** @description Something changed: look again. */
        Changed: {
            /** @description Kind, `kebab-case` and singular. */
            kind: string;
            /** @description Name inside the kind. */
            name: components["schemas"]["Name"];
            /** @description `put`, `delete` or `rename`. */
            action: string;
            /**
             * Format: uint64
             * @description Position of the change; a resource's revision when it was written.
             */
            position: number;
        };
        /** @description A run as lists show it. */
        RunSummary: {
            /** @description Id. */
            id: string;
            /** @description Workflow. */
            workflow: string;
            /**
             * Format: uint64
             * @description Revision, if it has one.
             */
            revision?: number | null;
            /** @description Where it is in its life. */
            status: components["schemas"]["RunStatus"];
            /** @description How it was started. */
            mode: string;
            /** @description Who or what started it. */
            startedBy: string;
            /** @description Who it acts for. */
            runsAs: string;
            /**
             * Format: int64
             * @description When it was admitted, milliseconds since 1970.
             */
            createdAt: number;
            /**
             * Format: int64
             * @description When a node first worked on it.
             */
            startedAt?: number | null;
            /**
             * Format: int64
             * @description When it ended.
             */
            endedAt?: number | null;
            /**
             * Format: int64
             * @description When it goes on by itself.
             */
            wakeAt?: number | null;
            /**
             * Format: uint32
             * @description Steps started.
             */
            stepCount: number;
            /**
             * Format: uint32
             * @description Errors absorbed by a fallback or branch.
             */
            handledErrorCount: number;
            /**
             * Format: uint32
             * @description Calls whose outcome is not known.
             */
            uncertainCount: number;
            /** @description Dead letter state. */
            dead: components["schemas"]["DeadState"];
            /** @description What it failed with. */
            error?: unknown;
            /** @description Run that it repeats, forks, or was started by. */
            origin?: string | null;
            /** @description Parent run of a child. */
            parent?: string | null;
        };
        /** @description Where a run is in its life. */
        RunStatus: "queued" | "running" | "waiting" | "paused" | "held" | "completed" | "failed" | "canceled" | "superseded";
        /** @description What became of a failed run as a dead letter. */
        DeadState: "none" | "open" | "redriven" | "discarded" | "resolved";
        /** @description A page of a list. */
        Page10: {
            /** @description The entries. */
            items: components["schemas"]["RunSummary"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A run with its steps. */
        RunDetail: {
            /** @description Id. */
            id: string;
            /** @description Workflow. */
            workflow: string;
            /**
             * Format: uint64
             * @description Revision, if it has one.
             */
            revision?: number | null;
            /** @description Where it is in its life. */
            status: components["schemas"]["RunStatus"];
            /** @description How it was started. */
            mode: string;
            /** @description Who or what started it. */
            startedBy: string;
            /** @description Who it acts for. */
            runsAs: string;
            /**
             * Format: int64
             * @description When it was admitted, milliseconds since 1970.
             */
            createdAt: number;
            /**
             * Format: int64
             * @description When a node first worked on it.
             */
            startedAt?: number | null;
            /**
             * Format: int64
             * @description When it ended.
             */
            endedAt?: number | null;
            /**
             * Format: int64
             * @description When it goes on by itself.
             */
            wakeAt?: number | null;
            /**
             * Format: uint32
             * @description Steps started.
             */
            stepCount: number;
            /**
             * Format: uint32
             * @description Errors absorbed by a fallback or branch.
             */
            handledErrorCount: number;
            /**
             * Format: uint32
             * @description Calls whose outcome is not known.
             */
            uncertainCount: number;
            /** @description Dead letter state. */
            dead: components["schemas"]["DeadState"];
            /** @description What it failed with. */
            error?: unknown;
            /** @description Run that it repeats, forks, or was started by. */
            origin?: string | null;
            /** @description Parent run of a child. */
            parent?: string | null;
            /** @description The answer that was given. */
            answer?: unknown;
            /** @description What it has said of itself (`$execution.customData`). */
            customData?: {
                [key: string]: string;
            };
            /** @description Its steps in the order of scheduling, at most as many as were asked for. */
            steps: components["schemas"]["StepView"][];
            /**
             * Format: uint32
             * @description Number of the step to ask for next, when there are more.
             */
            nextStep?: number | null;
        };
        /** @description A step as the run's page shows it. */
        StepView: {
            /**
             * Format: uint32
             * @description Number in the run.
             */
            step: number;
            /** @description Node. */
            node: string;
            /** @description Type of the node. */
            nodeType: string;
            /**
             * Format: uint32
             * @description How often the node had run before.
             */
            runIndex: number;
            /** @description `scheduled`, `running`, `waiting`, `completed`, `failed`, `canceled`. */
            status: string;
            /**
             * Format: uint32
             * @description Attempts made.
             */
            attempts: number;
            /**
             * Format: int64
             * @description When it started, milliseconds since 1970.
             */
            startedAt: number;
            /**
             * Format: uint64
             * @description How long it took, in microseconds, as far as it was measured.
             */
            durationMicros?: number | null;
            /** @description Where its input came from: (node, run index, output port), by input port. */
            inputs: components["schemas"]["InputView"][][];
            /** @description Number of items at each output port. */
            outputCounts: number[];
            /** @description The items at each output port, when they were asked for. */
            outputs?: unknown[][] | null;
            /** @description What it failed with, absorbed or not. */
            error?: unknown;
            /** @description Its calls. */
            calls?: components["schemas"]["CallView"][];
            /** @description Its log lines. */
            logs?: components["schemas"]["LogView"][];
            /**
             * Format: uint32
             * @description Nested invocations of attached nodes belong to this step.
             */
            parentStep?: number | null;
        };
        /** @description A source of a step's input. */
        InputView: {
            /** @description Node. */
            node: string;
            /**
             * Format: uint32
             * @description Its step.
             */
            step: number;
            /**
             * Format: uint16
             * @description Its output port.
             */
            output: number;
        };
        /** @description A call as the run's page shows it. */
        CallView: {
            /** @description Name. */
            name: string;
            /**
             * Format: uint32
             * @description Item.
             */
            item?: number | null;
            /**
             * Format: uint32
             * @description Epoch of its key.
             */
            epoch: number;
            /** @description Its idempotency key. */
            key: string;
            /** @description `running`, `completed`, `failed` or `uncertain`; `repeated` when an uncertain one was made again. */
            status: string;
            /** @description It was begun more than once under one key because an outcome was lost. */
            uncertain: boolean;
        };
        /** @description A line of a step's log, for example of `console.log` in code. */
        LogView: {
            /** @description How serious it is. */
            level: components["schemas"]["Level"];
            /** @description Text, at most 8 KiB. */
            text: string;
        };
        /** @description How serious a log line is. */
        Level: "debug" | "info" | "warn" | "error";
        /** @description Items of one output port of a step. */
        StepItems: {
            /** @description The items. */
            items: unknown[];
            /**
             * Format: uint
             * @description How many there are in all.
             */
            total: number;
        };
        /** @description The parameters of a step that are expressions, and what they came to for one item. */
        StepParameters: {
            /**
             * Format: uint
             * @description Position of the item.
             */
            item: number;
            /**
             * Format: uint
             * @description Items that came in at the first input.
             */
            items: number;
            /** @description In the order of the node's parameters. */
            parameters: components["schemas"]["ResolvedParameter"][];
        };
        /** @description A parameter that is an expression. */
        ResolvedParameter: {
            /** @description JSON pointer into the parameters, for example `/assignments/0/value`. */
            pointer: string;
            /** @description The expression, with its `=`. */
            expression: string;
            /** @description What it came to; absent when it is `undefined`, or when there is an error. */
            value?: unknown;
            /** @description Why it has no value. */
            error?: components["schemas"]["ExpressionFault"] | null;
            /** @description Errors that made a part of it `undefined`, in JavaScript's words. */
            notes?: string[];
        };
        /**
         * @description What a step sent and got, as far as the journal has it. The journal keeps answers whole and of a request only its
         *     fingerprint, so requests are made again from what came to the step, with the network off, and compared with that.
         */
        StepExchanges: {
            /**
             * Format: uint32
             * @description Step.
             */
            step: number;
            /** @description Name of its node. */
            node: string;
            /** @description Its type, for example `http.request`. */
            nodeType: string;
            /** @description Connections that the node names; their secrets are masked. */
            connections: string[];
            /**
             * Format: uint32
             * @description How often the step was tried.
             */
            attempts: number;
            /**
             * Format: uint64
             * @description How long the last try took as a whole, in microseconds; single calls are not timed. Absent while it runs.
             */
            durationMicros?: number | null;
            /**
             * Format: uint
             * @description Position of the item that `params` is for.
             */
            item: number;
            /** @description The node's parameters with what their expressions came to for that item, evaluated again. */
            params?: unknown;
            /** @description In the order in which they were begun. */
            exchanges: components["schemas"]["StepExchange"][];
            /** @description What could not be shown, and why. */
            notes?: string[];
        };
        /** @description A call of a step. */
        StepExchange: {
            /** @description Name that the node gave it, for example `request page 2`. */
            name: string;
            /**
             * Format: uint32
             * @description Position of the item that it was made for.
             */
            item?: number | null;
            /** @description `completed`, `failed`, `uncertain` or `running`. */
            status: string;
            /**
             * Format: uint32
             * @description How often it was begun.
             */
            attempts: number;
            /**
             * @description What was sent, made again: `{method, url, headers, body}` without the account for HTTP, the node type's own
             *     shape for the rest. Absent: the step does not make the call when it is executed again.
             */
            request?: unknown;
            /** @description Whether that has the fingerprint which was journaled before the call. If not, it was sent in another form. */
            asSent?: boolean | null;
            /**
             * @description What came back: `{status, headers, body}` for HTTP, where the body is `{text}`, `{blob, size}` when it is long or
             *     a file, or `{size}` when there were too many to show.
             */
            answer?: unknown;
            /** @description Why it failed. */
            error?: string | null;
        };
        /** @description A committed change of a run, for live views. */
        RunUpdate: {
            /**
             * Format: uint64
             * @description Position in the run: the sequence number of its last event; absent for provisional news.
             */
            seq?: number | null;
            /** @description What happened: an event's name such as `step.completed`, or `progress`, `log`, `chunk`. */
            event: string;
            /** @description Its content. */
            data: unknown;
        };
        /** @description A run that was started or goes on. */
        Started2: {
            /** @description Its id. */
            run: string;
        };
        /** @description What is repeated, and how. */
        RetryOptions: {
            /**
             * @description Node from which to run again; absent: the failed step.
             * @default null
             */
            from?: string | null;
            /**
             * @description From the trigger, as a new run.
             * @default false
             */
            fromStart?: boolean;
            /**
             * @description On the newest active revision instead of the pinned one; always makes a new run.
             * @default false
             */
            newest?: boolean;
            /**
             * @description Items that replace the input of the first repeated step (or of the trigger).
             * @default null
             */
            input?: unknown[] | null;
            /**
             * @description A new run even where the old one could go on.
             * @default false
             */
            fork?: boolean;
        };
        /** @description What a replay has found. */
        Replay: {
            /**
             * Format: uint32
             * @description Executions of steps: one for each attempt that completed, failed, or began to wait.
             */
            steps: number;
            /** @description Steps that answered differently. */
            differences: components["schemas"]["Difference"][];
        };
        /** @description A step that answered differently. */
        Difference: {
            /**
             * Format: uint32
             * @description Step.
             */
            step: number;
            /** @description Name of its node. */
            node: string;
            /** @description What was recorded. */
            recorded: string;
            /** @description What came now. */
            replayed: string;
        };
        /** @description A signal to send. */
        Signal: {
            /** @description What the run waits for, for example `resume:4`. */
            name: string;
            /**
             * @description Content.
             * @default null
             */
            payload?: unknown;
            /**
             * @description Id; sending it twice is sending it once. Absent: a new one.
             * @default null
             */
            id?: string | null;
        };
        /** @description A person's decision about an uncertain call. */
        Settle: {
            /** @constant */
            as: "retry";
        } | {
            /** @constant */
            as: "done";
            /** @description The outcome, in the node type's own shape. */
            outcome: unknown;
        } | {
            /** @constant */
            as: "failed";
        };
        /** @description What a bulk act did. */
        Bulk: {
            /**
             * Format: uint64
             * @description Runs that it was done to.
             */
            done: number;
            /** @description Runs that refused, with the reason, at most 100. */
            refused: [
                string,
                components["schemas"]["Problem"]
            ][];
        };
        /** @description Which dead letters. */
        Choice: {
            /**
             * @description These runs; empty: all that match.
             * @default []
             */
            runs?: string[];
            /**
             * @description Of this workflow.
             * @default null
             */
            workflow?: string | null;
            /**
             * Format: int64
             * @description Admitted at or after, milliseconds since 1970.
             * @default null
             */
            since?: number | null;
            /**
             * Format: int64
             * @description Admitted before, milliseconds since 1970.
             * @default null
             */
            until?: number | null;
            /**
             * @description How to run again.
             * @default null
             */
            options?: components["schemas"]["RetryOptions"] | null;
        };
        /** @description A page of a list. */
        Page11: {
            /** @description The entries. */
            items: {
                [key: string]: unknown;
            }[];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description How much is in a table. */
        TableFill: {
            /**
             * Format: uint64
             * @description Rows that the filter lets through.
             */
            count: number;
            /**
             * Format: uint64
             * @description Rows in all.
             */
            rows: number;
            /**
             * Format: uint64
             * @description Bytes of their cells.
             */
            bytes: number;
            /**
             * Format: uint64
             * @description Rows that a table may have.
             */
            mostRows: number;
            /**
             * Format: uint64
             * @description Bytes that a table may have.
             */
            mostBytes: number;
        };
        /** @description What a change did. */
        Changed2: {
            /**
             * Format: uint64
             * @description Rows put in.
             */
            inserted: number;
            /**
             * Format: uint64
             * @description Rows changed.
             */
            updated: number;
            /**
             * Format: uint64
             * @description Rows taken out.
             */
            deleted: number;
            /** @description The rows, when they were asked for: before, and after. */
            rows?: components["schemas"]["BeforeAfter"][];
        };
        /** @description A row before and after a change; absent: it was not there. */
        BeforeAfter: {
            /** @description Before. */
            before?: {
                [key: string]: unknown;
            } | null;
            /** @description After. */
            after?: {
                [key: string]: unknown;
            } | null;
        };
        /** @description Rows to put in. */
        NewRows: {
            /** @description The rows, columns by their names; at most 1000. */
            rows: {
                [key: string]: unknown;
            }[];
            /**
             * @description They were taken out and come back: each has its `id` and `createdAt`.
             * @default false
             */
            putBack?: boolean;
        };
        /** @description Rows to change. */
        RowChanges: {
            /** @description Which rows; at least one condition. */
            filter: components["schemas"]["Filter"];
            /** @description Columns that change, by their names; `null` empties one. */
            set: {
                [key: string]: unknown;
            };
            /**
             * @description Only say what would happen.
             * @default false
             */
            dryRun?: boolean;
            /**
             * @description Give the rows before and after, and not only their number.
             * @default false
             */
            giveRows?: boolean;
        };
        /** @description Which rows are meant; without conditions all of them. */
        Filter: {
            /**
             * @description How many conditions must hold.
             * @default all
             */
            match?: components["schemas"]["Match"];
            /**
             * @description The conditions.
             * @default []
             */
            conditions?: components["schemas"]["Test"][];
        };
        /** @description How many conditions must hold. */
        Match: "all" | "any";
        /** @description A condition on a column. */
        Test: {
            /** @description Name of the column, or `id`, `createdAt`, `updatedAt`. */
            column: string;
            /**
             * @description How it is compared.
             * @default eq
             */
            condition?: components["schemas"]["Condition2"];
            /** @description With what. */
            value?: unknown;
        };
        /** @description How a column is compared. */
        Condition2: "eq" | "neq" | "gt" | "gte" | "lt" | "lte" | "like" | "ilike" | "isEmpty" | "isNotEmpty" | "isTrue" | "isFalse";
        /** @description Rows to take out. */
        RowDeletion: {
            /** @description Which rows; at least one condition. */
            filter: components["schemas"]["Filter"];
            /**
             * @description Only say what would happen.
             * @default false
             */
            dryRun?: boolean;
            /**
             * @description Give the rows, and not only their number.
             * @default false
             */
            giveRows?: boolean;
        };
        /** @description A page of a list. */
        Page12: {
            /** @description The entries. */
            items: components["schemas"]["ArrivalInfo"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A webhook that came. */
        ArrivalInfo: {
            /** @description Its id. */
            id: string;
            /**
             * Format: int64
             * @description When it came, milliseconds since 1970.
             */
            at: number;
            /** @description Workflow that listens there; the first that an endpoint gave it to, empty when it gave it to none. */
            workflow: string;
            /** @description Its trigger; empty of an endpoint. */
            node: string;
            /** @description Method. */
            method: string;
            /** @description Path and query. */
            target: string;
            /** @description Address that it came from. */
            sender: string;
            /** @description What was made of it. */
            verdict: components["schemas"]["Verdict"];
            /** @description Code of the problem that it was refused with. */
            code?: string | null;
            /** @description Why it was refused, or why an endpoint gave it to nobody. */
            reason?: string | null;
            /** @description The run that it became, or that it was the same as; the first of them, of an endpoint. */
            run?: string | null;
            /** @description Endpoint that it came to, if no trigger listens there. */
            endpoint?: string | null;
            /** @description Workflows that an endpoint gave it to. */
            runs?: components["schemas"]["Given"][];
            /** @description Its body was kept, so it can happen again. */
            hasBody: boolean;
        };
        /** @description What was made of a webhook. */
        Verdict: "accepted" | "known" | "answered" | "refused";
        /** @description A workflow that an endpoint gave a webhook to. */
        Given: {
            /** @description The workflow. */
            workflow: string;
            /** @description Its run. */
            run: string;
        };
        /** @description A webhook with all that is known of it. */
        ArrivalDetail: {
            /** @description The webhook. */
            arrival: components["schemas"]["ArrivalInfo"];
            /** @description Its headers as pairs; what proves who sends is masked. */
            headers: [
                string,
                string
            ][];
            /** @description Its body as text, when it is one. */
            body?: string | null;
            /** @description Its body in base64, when it is no text. */
            bodyBase64?: string | null;
        };
        /** @description A run that began. */
        Begun: {
            /** @description The run; the first of them, of an endpoint. */
            run: string;
            /** @description All of them. */
            runs: string[];
        };
        /** @description How it happens again. */
        Again: {
            /**
             * @description Run the draft of the workflow, instead of what is live.
             * @default false
             */
            draft?: boolean;
            /**
             * @description Give it to this workflow only, of those that an endpoint gives it to.
             * @default null
             */
            workflow?: string | null;
        };
        /** @description Runs that began. */
        BegunMany: {
            /** @description The runs, in the order in which their webhooks came. */
            runs: string[];
            /**
             * Format: uint
             * @description Webhooks whose body was not kept.
             */
            withoutBody: number;
            /**
             * Format: uint
             * @description Webhooks that no route of their endpoint wants any more.
             */
            unwanted: number;
            /** @description There are more: ask again from the last one's time on. */
            more: boolean;
        };
        /** @description Which happen again. */
        AgainMany: {
            /**
             * @description Of this workflow. What an endpoint gave it is given to no other one.
             * @default null
             */
            workflow?: string | null;
            /**
             * @description Of this endpoint; it or a workflow has to be named.
             * @default null
             */
            endpoint?: string | null;
            /**
             * Format: int64
             * @description That came then or later, milliseconds since 1970.
             */
            since: number;
            /**
             * Format: int64
             * @description That came before; absent: until now.
             * @default null
             */
            until?: number | null;
            /**
             * @description Of which that was made; absent: those that were accepted.
             * @default null
             */
            verdict?: components["schemas"]["Verdict"] | null;
            /**
             * @description Run the draft of the workflow, instead of what is live.
             * @default false
             */
            draft?: boolean;
        };
        /** @description A message that was posted. */
        PostedMessage: {
            /** @description Its id, which receivers see as `webhook-id`. */
            message: string;
            /** @description One of that key was posted before, and is this one. */
            known: boolean;
        };
        /** @description An event to post. */
        NewEvent: {
            /** @description Its type, which must be there. */
            event: string;
            /**
             * @description What happened.
             * @default null
             */
            data?: unknown;
            /**
             * @description Whose event it is; absent: everybody's.
             * @default
             */
            customer?: string;
            /**
             * @description What tells it from others: a second one of the same key is the same.
             * @default null
             */
            key?: string | null;
        };
        /** @description A page of a list. */
        Page13: {
            /** @description The entries. */
            items: components["schemas"]["Message"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A message. */
        Message: {
            /** @description Its id. */
            message: string;
            /** @description Event type. */
            event: string;
            /** @description Whose event it is; empty: everybody's. */
            customer: string;
            /** @description What tells it from others. */
            key?: string | null;
            /** @description A run's id, or who posted it. */
            source: string;
            /**
             * Format: int64
             * @description When it was posted, milliseconds since 1970.
             */
            createdAt: number;
            /** @description What it says. */
            data: unknown;
        };
        /** @description A page of a list. */
        Page14: {
            /** @description The entries. */
            items: components["schemas"]["Delivery"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A message on its way to a subscriber. */
        Delivery: {
            /** @description The message. */
            message: string;
            /**
             * Format: int64
             * @description When it was posted, milliseconds since 1970.
             */
            createdAt: number;
            /** @description The subscriber. */
            subscriber: string;
            /** @description Event type. */
            event: string;
            /** @description Whose event it is. */
            customer: string;
            /** @description How it is. */
            status: components["schemas"]["Progress"];
            /**
             * Format: uint32
             * @description Tries so far.
             */
            attempts: number;
            /**
             * Format: int64
             * @description When it is tried next.
             */
            dueAt?: number | null;
            /**
             * Format: int64
             * @description When it was taken or given up.
             */
            endedAt?: number | null;
            /**
             * Format: uint16
             * @description Status of the last answer.
             */
            answered?: number | null;
            /** @description Why the last try failed. */
            reason?: string | null;
        };
        /** @description How a delivery is. */
        Progress: "waiting" | "delivered" | "failed" | "dropped";
        /** @description A delivery with all that is known of it. */
        DeliveryDetail: {
            /** @description The delivery. */
            delivery: components["schemas"]["Delivery"];
            /** @description Its tries, the newest first. */
            attempts: components["schemas"]["Attempt"][];
            /** @description What is sent, as it would be now; absent when the subscriber is gone or its transform fails. */
            body?: string | null;
        };
        /** @description A try. */
        Attempt: {
            /**
             * Format: uint32
             * @description From 1.
             */
            number: number;
            /**
             * Format: int64
             * @description When it began, milliseconds since 1970.
             */
            at: number;
            /**
             * Format: uint32
             * @description How long it took, in milliseconds.
             */
            took: number;
            /**
             * Format: uint16
             * @description Status of the answer; absent when there was none.
             */
            answered?: number | null;
            /** @description Why it failed. */
            reason?: string | null;
            /** @description The beginning of the answer's body. */
            answer?: string | null;
        };
        /** @description Subscribers and how they are. */
        SubscriberInfos: {
            /** @description All of them. */
            items: components["schemas"]["SubscriberInfo"][];
        };
        /** @description How a subscriber is. */
        SubscriberInfo: {
            /** @description Its name. */
            name: string;
            /** @description Where messages go. */
            url: string;
            /** @description Whose it is. */
            customer: string;
            /** @description Whether it is delivered to. */
            state: components["schemas"]["Flow"];
            /**
             * Format: int64
             * @description Since when, milliseconds since 1970.
             */
            stateAt: number;
            /**
             * Format: int64
             * @description When the first of its failures without a success since came.
             */
            failingSince?: number | null;
            /**
             * Format: uint32
             * @description How many there were.
             */
            failures: number;
            /**
             * Format: int64
             * @description When it is probed next.
             */
            probeAt?: number | null;
            /**
             * Format: int64
             * @description When it last took a message.
             */
            succeededAt?: number | null;
            /**
             * Format: int64
             * @description When it last failed.
             */
            failedAt?: number | null;
            /** @description Why it last failed. */
            reason?: string | null;
            /**
             * Format: uint64
             * @description Deliveries that wait, counted up to 10,000.
             */
            waiting: number;
            /**
             * Format: uint64
             * @description Deliveries that failed for good, counted up to 10,000.
             */
            failed: number;
            /**
             * Format: int64
             * @description Until when messages are signed with the key before, too.
             */
            previousKeyUntil?: number | null;
        };
        /** @description Whether a subscriber is delivered to. */
        Flow: "delivering" | "paused" | "stopped" | "gone";
        /** @description What a receiver checks signatures with. */
        ReceiverKey: {
            /** @description `whsec_…`, which nobody else may know, or `whpk_…`, which is public. */
            key: string;
            /** @description The one before, while both are used. */
            previous?: string | null;
            /**
             * Format: int64
             * @description Until when.
             */
            previousUntil?: number | null;
        };
        /** @description How a key is changed. */
        Rotation: {
            /**
             * @description Use the new one alone from now on, because somebody else knows the one before. Otherwise both are used for a day.
             * @default false
             */
            atOnce?: boolean;
        };
        /** @description A test message. */
        TestMessage: {
            /**
             * @description Event type, whose example is sent; absent: `test`.
             * @default null
             */
            event?: string | null;
        };
        /** @description How many deliveries it is about. */
        Counted: {
            /**
             * Format: uint64
             * @description How many.
             */
            count: number;
        };
        /** @description From when on. */
        Since: {
            /**
             * Format: int64
             * @description Messages that were posted then or later, milliseconds since 1970.
             */
            since: number;
        };
        /** @description A pass that was made. */
        MadePass: {
            /** @description Address of the portal with the pass in it, for a link or a frame. */
            url: string;
            /** @description The pass by itself. */
            pass: string;
            /**
             * Format: int64
             * @description Until when it is good, milliseconds since 1970.
             */
            until: number;
        };
        /** @description A pass to make. */
        NewPass: {
            /** @description The customer, as events name it. */
            customer: string;
            /**
             * Format: uint64
             * @description How long it is good, in seconds: a day unless said, at most 30 days.
             * @default null
             */
            seconds?: number | null;
            /**
             * @description Nothing can be changed with it.
             * @default false
             */
            readOnly?: boolean;
            /**
             * @description How the portal looks.
             * @default {}
             */
            theme?: components["schemas"]["PortalTheme"];
        };
        /** @description How the portal looks, so that it fits into the page around it. */
        PortalTheme: {
            /** @description Name at its head. */
            title?: string | null;
            /** @description Colour of buttons and links, as `#rrggbb`. */
            accent?: string | null;
            /** @description Light or dark; absent: as the customer's system is set. */
            mode?: components["schemas"]["PortalMode"] | null;
            /**
             * Format: uint8
             * @description Radius of corners, in pixels, at most 24.
             */
            radius?: number | null;
        };
        /** @description Light or dark. */
        PortalMode: "light" | "dark";
        /** @description What a customer sees first. */
        Portal: {
            /** @description Who they are. */
            customer: string;
            /** @description Nothing can be changed. */
            readOnly: boolean;
            /**
             * Format: int64
             * @description Until when the pass is good, milliseconds since 1970.
             */
            until: number;
            /** @description How it looks. */
            theme: components["schemas"]["PortalTheme"];
            /** @description What can be heard of. */
            eventTypes: components["schemas"]["PortalEventType"][];
            /** @description Their subscribers. */
            subscribers: components["schemas"]["PortalSubscriber"][];
        };
        /** @description An event type as customers see it. */
        PortalEventType: {
            /** @description Its name. */
            name: components["schemas"]["Name"];
            /** @description What happened then. */
            description: string;
            /** @description JSON Schema of the data. */
            schema?: unknown;
            /** @description Data as it looks. */
            example?: unknown;
            /** @description Not to be chosen any more. */
            deprecated: boolean;
        };
        /** @description A subscriber as its customer sees it. */
        PortalSubscriber: {
            /** @description As it is written. */
            endpoint: components["schemas"]["Endpoint"];
            /** @description How it is. */
            info: components["schemas"]["SubscriberInfo"];
        };
        /** @description What a customer says of a subscriber. */
        Endpoint: {
            /** @description Address that messages are sent to. */
            url: string;
            /**
             * @description What it is for.
             * @default
             */
            description?: string;
            /**
             * @description Event types that it hears of; empty: all.
             * @default []
             */
            events?: string[];
            /**
             * @description How messages are signed.
             * @default hmac
             */
            signing?: components["schemas"]["Signing"];
            /**
             * @description Headers that go with every message.
             * @default {}
             */
            headers?: {
                [key: string]: string;
            };
        };
        /** @description How deliveries to a subscriber are signed. */
        Signing: "hmac" | "ed25519";
        /** @description What an import of rows came to. */
        Imported: {
            /**
             * Format: uint64
             * @description Rows put in.
             */
            rows: number;
            /** @description Columns of the file that the table does not have, and that were left out. */
            ignored: string[];
        };
        /** @description A listener as people see it. */
        ListenerView: {
            /** @description The workflow. */
            workflow: components["schemas"]["Name"];
            /** @description Name of the trigger node. */
            node: string;
            /** @description What it listens to: `imap`, `mqtt` … */
            service: string;
            /** @description How it is. */
            health: components["schemas"]["Health3"];
            /**
             * Format: int64
             * @description When listening was begun the last time, milliseconds since 1970.
             */
            begunAt: number;
            /**
             * Format: int64
             * @description When it last proved that it lives.
             */
            aliveAt?: number | null;
            /**
             * Format: int64
             * @description When it last heard something.
             */
            heardAt?: number | null;
            /**
             * Format: uint64
             * @description Events since the server started.
             */
            events: number;
            /**
             * Format: uint64
             * @description Failures since the server started.
             */
            failures: number;
            /** @description Why it does not listen, or did not the last time. */
            problem?: unknown;
            /** @description The address that a person enters at the service. */
            address?: string | null;
            /** @description The secret that is entered with it. */
            secret?: string | null;
            /** @description What a person does at the service. */
            help?: string | null;
        };
        /** @description How a listener is. */
        Health3: "starting" | "listening" | "dead" | "standby" | "waiting" | "leaving";
        /** @description A page of a list. */
        Page15: {
            /** @description The entries. */
            items: components["schemas"]["TokenInfo"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A token as lists show it. */
        TokenInfo: {
            /** @description Id. */
            id: string;
            /** @description Name. */
            name: string;
            /** @description What it may do where. */
            rules: components["schemas"]["Rule"][];
            /** @description What it is narrowed to; absent: everything that its rules give. */
            permissions?: components["schemas"]["Permission"][] | null;
            /**
             * Format: int64
             * @description When it was made, milliseconds since 1970.
             */
            createdAt: number;
            /** @description Who made it. */
            createdBy: string;
            /**
             * Format: int64
             * @description When it ends.
             */
            expiresAt?: number | null;
            /**
             * Format: int64
             * @description When it was taken back.
             */
            revokedAt?: number | null;
        };
        /** @description A role somewhere. An absent name means every workspace, or every environment. */
        Rule: {
            /** @description The workspace; absent: every one. */
            workspace?: components["schemas"]["Name"] | null;
            /** @description The environment; absent: every one. */
            environment?: components["schemas"]["Name"] | null;
            /** @description The role there. */
            role: components["schemas"]["Role"];
        };
        /** @description What a token or person is in a scope. Each role may do all that the ones before it may. */
        Role: "viewer" | "operator" | "editor" | "admin" | "owner";
        /** @enum {string} */
        Permission: "resource:read" | "run:read" | "server:read" | "table:read" | "run:start" | "run:control" | "connection:use" | "resource:write" | "table:write" | "secret:write" | "workflow:activate" | "boundary:write" | "audit:read" | "token:manage" | "user:manage" | "sign-in:write" | "store:backup";
        /** @description A token that was just made: the only time that its text is shown. */
        MadeToken: {
            /** @description Id. */
            id: string;
            /** @description Name. */
            name: string;
            /** @description What it may do where. */
            rules: components["schemas"]["Rule"][];
            /** @description What it is narrowed to; absent: everything that its rules give. */
            permissions?: components["schemas"]["Permission"][] | null;
            /**
             * Format: int64
             * @description When it was made, milliseconds since 1970.
             */
            createdAt: number;
            /** @description Who made it. */
            createdBy: string;
            /**
             * Format: int64
             * @description When it ends.
             */
            expiresAt?: number | null;
            /**
             * Format: int64
             * @description When it was taken back.
             */
            revokedAt?: number | null;
            /** @description The text to send in `Authorization: Bearer`. */
            token: string;
        };
        /** @description A token to make. */
        NewToken: {
            /** @description Name, as audit entries will show it. */
            name: string;
            /** @description What it may do where. */
            rules: components["schemas"]["Rule"][];
            /** @description What it is narrowed to; absent: everything that its rules give. */
            permissions?: components["schemas"]["Permission"][] | null;
            /**
             * Format: int64
             * @description When it ends, milliseconds since 1970; absent: never.
             */
            expiresAt?: number | null;
        };
        /** @description A page of a list. */
        Page16: {
            /** @description The entries. */
            items: components["schemas"]["Scope"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A page of a list. */
        Page17: {
            /** @description The entries. */
            items: components["schemas"]["AuditView"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description An entry of the audit log. */
        AuditView: {
            /**
             * Format: uint64
             * @description Number inside the workspace, without gaps.
             */
            seq: number;
            /** @description When, RFC 3339. */
            at: string;
            /** @description Who. */
            actor: string;
            /** @description What. */
            action: string;
            /** @description To what. */
            subject: string;
            /** @description More about it. */
            detail: unknown;
            /** @description Hash over this entry and the one before it. */
            hash: string;
        };
        /** @description Whether the audit log is as it was written. */
        Verified: {
            /** @description Every entry is there and unchanged. */
            intact: boolean;
            /**
             * Format: uint64
             * @description Entries, when it is intact.
             */
            entries?: number | null;
            /**
             * Format: uint64
             * @description First entry that is missing or changed.
             */
            brokenAt?: number | null;
        };
        /** @description What the sign-in page offers. */
        Door: {
            /** @description Providers to sign in with. */
            providers: components["schemas"]["Way"][];
            /** @description Nobody owns the server yet: the link that the server printed makes an owner. */
            needsOwner: boolean;
            /** @description Whether the browser has a session already. */
            signedIn: boolean;
        };
        /** @description A way in that the sign-in page offers. */
        Way: {
            /** @description Name in addresses. */
            name: string;
            /** @description Name for people. */
            title: string;
        };
        /** @description Somebody came in. */
        SignedIn: {
            /** @description Who. */
            user: components["schemas"]["Profile"];
            /** @description What pages show in the header `fishplate-csrf` with whatever could change something. */
            csrf: string;
        };
        /** @description A person as the API shows one. */
        Profile: {
            /** @description Id. */
            id: string;
            /** @description Address. */
            email: string;
            /** @description Name. */
            name: string;
            /** @description What they may do where. */
            rules: components["schemas"]["Rule"][];
        };
        /** @description An address and its password. */
        ByPassword: {
            /** @description Address. */
            email: string;
            /** @description Password. */
            password: string;
        };
        /** @description What a browser is to be asked: the argument of `navigator.credentials.create` or `get`, with bytes as base64url. */
        Ceremony: {
            /**
             * @description The member `publicKey`, in the form that `PublicKeyCredential.parseCreationOptionsFromJSON` and
             *     `parseRequestOptionsFromJSON` read.
             */
            publicKey: unknown;
        };
        /** @description An authenticator's answer. Bytes are base64url. */
        PasskeyAnswer: {
            /** @description Id of the passkey. */
            id: string;
            /** @description `response.clientDataJSON`. */
            clientData: string;
            /** @description `response.authenticatorData`. */
            authenticatorData: string;
            /** @description `response.signature`. */
            signature: string;
        };
        /** @description Where to go. */
        Departure: {
            /** @description The provider's page. */
            location: string;
        };
        /** @description Where somebody wants to go. */
        Destination: {
            /**
             * @description A path of the app to come back to; absent: its first page.
             * @default null
             */
            next?: string | null;
            /**
             * @description Secret of a link that lets them in.
             * @default null
             */
            link?: string | null;
        };
        /** @description A link that waits, as lists and its page show it. */
        LinkInfo: {
            /** @description Id, of no use to come in by. */
            id: string;
            /** @description `owner`, `invite` or `reset`. */
            purpose: string;
            /** @description Whom it was made for; empty when whoever comes says so. */
            email: string;
            /** @description What they will be allowed to do where. */
            rules: components["schemas"]["Rule"][];
            /** @description Who made it. */
            createdBy: string;
            /**
             * Format: int64
             * @description When it ends, milliseconds since 1970.
             */
            expiresAt: number;
        };
        /** @description A link that somebody has. */
        LinkSecret: {
            /** @description Its secret, `fpl_…`. */
            secret: string;
        };
        /** @description What somebody with a link says. */
        Acceptance: {
            /** @description The link's secret, `fpl_…`. */
            secret: string;
            /**
             * @description Address, where the link names none.
             * @default null
             */
            email?: string | null;
            /**
             * @description Name; absent: the address up to its `@`.
             * @default null
             */
            name?: string | null;
            /** @description The password to come in by from now on. */
            password: string;
        };
        /** @description Who asks. */
        Me: {
            /** @description Name, as audit entries show it. */
            actor: string;
            /** @description What they may do where. */
            rules: components["schemas"]["Rule"][];
            /** @description What a token is narrowed to; absent: everything that its rules give. */
            permissions?: components["schemas"]["Permission"][] | null;
            /** @description The person, when it is one or a token of theirs. */
            user?: components["schemas"]["Profile"] | null;
            /** @description With a session: what pages send in the header `fishplate-csrf` with whatever could change something. */
            csrf?: string | null;
        };
        /** @description Another name for oneself. */
        Rename2: {
            /** @description The name. */
            name: string;
        };
        /** @description Another password. */
        ChangePassword: {
            /**
             * @description The one until now; not needed when there is none.
             * @default
             */
            current?: string;
            /** @description The one from now on. */
            password: string;
        };
        /** @description A page of a list. */
        Page18: {
            /** @description The entries. */
            items: components["schemas"]["SessionInfo"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A session as its owner sees it. */
        SessionInfo: {
            /** @description Id. */
            id: string;
            /** @description Whether it is the one that asks. */
            current: boolean;
            /** @description How it was begun: `password`, `passkey`, or the name of a provider. */
            method: string;
            /** @description What the browser called itself. */
            device: string;
            /** @description Where it came from. */
            address: string;
            /**
             * Format: int64
             * @description When it was begun, milliseconds since 1970.
             */
            createdAt: number;
            /**
             * Format: int64
             * @description When it was last used, to the minute.
             */
            seenAt: number;
            /**
             * Format: int64
             * @description When it ends unless it is used.
             */
            idleAt: number;
            /**
             * Format: int64
             * @description When it ends in any case.
             */
            expiresAt: number;
        };
        /** @description How many sessions have ended. */
        Ended: {
            /**
             * Format: uint64
             * @description How many.
             */
            ended: number;
        };
        /** @description A page of a list. */
        Page19: {
            /** @description The entries. */
            items: components["schemas"]["PasskeyInfo"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A passkey as its owner sees it. */
        PasskeyInfo: {
            /** @description Id, base64url. */
            id: string;
            /** @description Name that its owner gave it. */
            name: string;
            /**
             * Format: int64
             * @description When it was added, milliseconds since 1970.
             */
            createdAt: number;
            /**
             * Format: int64
             * @description When it was last used.
             */
            usedAt?: number | null;
        };
        /** @description An authenticator's new passkey. Bytes are base64url. */
        NewPasskey: {
            /** @description Name for lists. */
            name: string;
            /** @description `response.clientDataJSON`. */
            clientData: string;
            /** @description `response.attestationObject`. */
            attestation: string;
        };
        /** @description A page of a list. */
        Page20: {
            /** @description The entries. */
            items: components["schemas"]["IdentityInfo"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description What a person comes in by. */
        IdentityInfo: {
            /** @description The provider. */
            provider: string;
            /** @description The name there. */
            subject: string;
            /**
             * Format: int64
             * @description Since when, milliseconds since 1970.
             */
            createdAt: number;
        };
        /** @description Where to come back to. */
        Back: {
            /**
             * @description A path of the app; absent: its first page.
             * @default null
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page21: {
            /** @description The entries. */
            items: components["schemas"]["Person"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A person as lists show one. */
        Person: {
            /** @description Id. */
            id: string;
            /** @description Address. */
            email: string;
            /** @description Name. */
            name: string;
            /** @description What they may do where. */
            rules: components["schemas"]["Rule"][];
            /** @description Whether they can come in by password. */
            hasPassword: boolean;
            /**
             * Format: uint
             * @description Passkeys that they have.
             */
            passkeys: number;
            /** @description Names of the providers that they can come in by. */
            providers: string[];
            /**
             * Format: int64
             * @description When they came, milliseconds since 1970.
             */
            createdAt: number;
            /** @description Who let them in. */
            createdBy: string;
            /**
             * Format: int64
             * @description When they last signed in.
             */
            signedInAt?: number | null;
            /**
             * Format: int64
             * @description Since when they may not come in.
             */
            disabledAt?: number | null;
        };
        /** @description A link that was just made: the only time that it is shown. */
        MadeLink: {
            /** @description Where to go. Whoever has it comes in. */
            url: string;
            /**
             * Format: int64
             * @description When it ends, milliseconds since 1970.
             */
            expiresAt: number;
        };
        /** @description Whom to let in. */
        Invitation: {
            /** @description Address; nobody else can use the link. */
            email: string;
            /** @description What they may do where. */
            rules: components["schemas"]["Rule"][];
        };
        /** @description A page of a list. */
        Page22: {
            /** @description The entries. */
            items: components["schemas"]["LinkInfo"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description What somebody may do from now on. */
        Rules: {
            /** @description Everything that they may do where. */
            rules: components["schemas"]["Rule"][];
        };
        /** @description A page of a list. */
        Page23: {
            /** @description The entries. */
            items: components["schemas"]["ProviderInfo"][];
            /** @description Where the next page begins; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description A provider as lists show it. */
        ProviderInfo: {
            /** @description Name in addresses. */
            name: string;
            /** @description How it is asked. */
            spec: components["schemas"]["Provider"];
            /** @description Whether it has a client secret; the secret itself is never shown. */
            hasSecret: boolean;
            /** @description The address that has to be registered there. */
            redirectUri: string;
        };
        /** @description A provider that people may sign in with. */
        Provider: {
            /** @description Name on the sign-in page, for example `Keycloak`. */
            title: string;
            /**
             * @description Issuer, for example `https://id.example.com/realms/main`; what it says of itself is read below
             *     `/.well-known/openid-configuration`.
             */
            issuer: string;
            /** @description Our name at the provider. */
            clientId: string;
            /** @description What is asked for beside `openid email profile`. */
            scopes?: string[];
            /**
             * @description Whether an address that the provider calls verified opens the account of that address here. Only for providers
             *     who own the addresses that they hand out.
             * @default false
             */
            trustEmail?: boolean;
            /** @description What somebody who comes for the first time may do; absent: only who was invited comes in. */
            newcomers?: components["schemas"]["Rule"][];
            /** @description Domains of addresses that newcomers must have; empty: any. */
            domains?: string[];
        };
        /** @description A provider to set up. */
        NewProvider: {
            /** @description How it is asked. */
            spec: components["schemas"]["Provider"];
            /**
             * @description Our password there; absent: the one before stays.
             * @default null
             */
            clientSecret?: string | null;
        };
        /** @description Every outside service that is in use. */
        Integrations: {
            /** @description The services, by title. */
            items: components["schemas"]["Integration"][];
            /** @description Nodes whose address is known only when they run. */
            computed: components["schemas"]["ComputedAddress"][];
        };
        /** @description An outside service. Times are in milliseconds since 1970. */
        Integration: {
            /** @description Its place in the list, such as `connector/stripe`. */
            id: string;
            /** @description What it is known by. */
            kind: components["schemas"]["ServiceKind"];
            /** @description Its name for people. */
            title: string;
            /** @description Its connector, if there is one. */
            connector?: string | null;
            /** @description What it is used for, such as `payments`. */
            categories: string[];
            /** @description Hosts that connections or nodes name. */
            hosts: string[];
            /** @description Accounts on it. */
            connections: components["schemas"]["ConnectionUse"][];
            /** @description Workflows that use it, the active ones first. */
            usedBy: components["schemas"]["WorkflowUse"][];
            /** @description The vendor that stands for it in the register. */
            vendor?: components["schemas"]["VendorMention"] | null;
            /** @description What is wrong now. */
            faults: components["schemas"]["Fault"][];
            /**
             * Format: int64
             * @description The last sign that is known that the service took an account: a consent, a renewed token, a listener that lives.
             */
            lastSuccessAt?: number | null;
            /**
             * Format: int64
             * @description The last time that is known at which it did not.
             */
            lastFailureAt?: number | null;
            /** @description What calls with all of its connections have shown; absent: calls are not watched. */
            health?: components["schemas"]["CallHealth"] | null;
        };
        /** @description What a service is known by. */
        ServiceKind: "connector" | "host" | "login" | "sender";
        /** @description An account on a service. */
        ConnectionUse: {
            /** @description Name of the connection. */
            name: string;
            /** @description Its title, empty when it has none. */
            title: string;
            /** @description How it is. */
            state: components["schemas"]["Health2"];
            /** @description Why, or what is missing. */
            reason?: string | null;
            /**
             * Format: int64
             * @description When a person has to do something.
             */
            endsAt?: number | null;
            /** @description Calls that it may make in a time, where that is limited. */
            limit?: components["schemas"]["RateLimit"] | null;
            /** @description Workflows that use it, the active ones first. */
            usedBy: components["schemas"]["WorkflowUse"][];
            /** @description What calls with it have shown; absent: calls are not watched. */
            health?: components["schemas"]["CallHealth"] | null;
        };
        /** @description So many calls in so long; the whole allowance may be used at once. */
        RateLimit: {
            /**
             * Format: uint32
             * @description Calls in each period; at least 1.
             */
            calls: number;
            /** @description The period, for example `"1s"` or `"1m"`. */
            per: components["schemas"]["Duration"];
        };
        /** @description A workflow as registers name it. */
        WorkflowUse: {
            /** @description Its name. */
            name: string;
            /** @description Its title, empty when it has none. */
            title: string;
            /** @description Whether its triggers fire. */
            active: boolean;
        };
        /**
         * @description What calls with a connection, or with all of a service, have shown since the server started. Times are in
         *     milliseconds since 1970.
         */
        CallHealth: {
            /**
             * Format: uint64
             * @description Calls.
             */
            calls: number;
            /**
             * Format: uint64
             * @description Calls that failed.
             */
            errors: number;
            /**
             * Format: uint64
             * @description Calls of the last minutes.
             */
            recentCalls: number;
            /**
             * Format: uint64
             * @description Those of them that failed.
             */
            recentErrors: number;
            /**
             * Format: int64
             * @description When one last succeeded.
             */
            successAt?: number | null;
            /**
             * Format: int64
             * @description When one last failed.
             */
            failureAt?: number | null;
            /** @description Why it failed. */
            failure?: string | null;
            /**
             * Format: uint64
             * @description Half of the answers were faster, in milliseconds; of several connections, the slowest one's.
             */
            latency?: number | null;
            /** @description What the service lets through; of several connections, the one that has the least left. */
            quota?: components["schemas"]["CallQuota"] | null;
        };
        /** @description What a service lets through, as it said itself. */
        CallQuota: {
            /**
             * Format: uint64
             * @description Calls in its time.
             */
            limit?: number | null;
            /**
             * Format: uint64
             * @description Calls that are left of them.
             */
            left: number;
            /**
             * Format: int64
             * @description When it is whole again, milliseconds since 1970.
             */
            resetsAt: number;
        };
        /** @description A vendor that stands for a service. */
        VendorMention: {
            /** @description Name of the resource. */
            name: string;
            /** @description The vendor's name. */
            title: string;
        };
        /** @description Something that is wrong with a service now. */
        Fault: {
            /** @description What it is. */
            kind: components["schemas"]["FaultKind"];
            /** @description The connection that it is about. */
            connection?: string | null;
            /** @description The workflow that it is about. */
            workflow?: string | null;
            /**
             * Format: uint64
             * @description How often, where that is counted.
             */
            count?: number | null;
            /** @description In words, where somebody said why. */
            reason?: string | null;
        };
        /** @description What is wrong. */
        FaultKind: "dead" | "held" | "paused" | "deaf";
        /** @description A node whose address is known only when it runs. */
        ComputedAddress: {
            /** @description Its workflow. */
            workflow: string;
            /** @description Its name. */
            node: string;
            /** @description Whether the workflow's triggers fire. */
            active: boolean;
        };
        /** @description The register of vendors on a day. */
        VendorRegister: {
            /** @description The day. */
            on: string;
            /** @description All vendors, by name. */
            items: components["schemas"]["VendorEntry"][];
            /**
             * Format: uint
             * @description Number of vendors whose contract somebody has to look after.
             */
            dueCount: number;
            /** @description What all of them cost in a year, by currency, as far as it is known. */
            yearlyCosts: components["schemas"]["Money"][];
        };
        /** @description A vendor in the register. */
        VendorEntry: {
            /** @description Name of the resource. */
            name: string;
            /** @description The vendor's name. */
            title: string;
            /** @description What it is bought for. */
            category: string;
            /** @description Who answers for it. */
            owner: string;
            /** @description Connectors that it stands for. */
            connectors: string[];
            /** @description Hosts that it stands for. */
            hosts: string[];
            /** @description How its contract stands. */
            renewal: components["schemas"]["Renewal"];
            /**
             * Format: double
             * @description Weighted mean of its scorecard, 0 to 5; absent: nothing is judged.
             */
            score?: number | null;
            /** @description What it costs in a year, where that is known. */
            yearlyCost?: components["schemas"]["Money"] | null;
            /** @description What a register should say of it and does not. */
            gaps: components["schemas"]["Gap"][];
        };
        /** @description How a contract stands on a day. */
        Renewal: {
            /** @description In a word. */
            state: components["schemas"]["RenewalState"];
            /** @description Last day of the term that runs; it moves on where the contract goes on by itself for a time that is known. */
            endsOn?: string | null;
            /**
             * Format: int64
             * @description Days until then; less than 0 when it has passed.
             */
            endsInDays?: number | null;
            /** @description Last day for notice. */
            noticeBy?: string | null;
            /**
             * Format: int64
             * @description Days until then; less than 0 when it has passed.
             */
            noticeInDays?: number | null;
            /** @description What was decided about this term. */
            decided?: components["schemas"]["Outcome"] | null;
        };
        /** @description How a contract stands. */
        RenewalState: "open" | "running" | "due" | "overdue" | "over" | "decided";
        /** @description What follows the end of a term. */
        Outcome: "keep" | "end";
        /** @description An amount and its currency. */
        Money: {
            /** @description Decimal amount, such as `1200.50`. */
            amount: string;
            /** @description Three letters of ISO 4217. */
            currency: string;
        };
        /** @description What a register should say of a vendor. */
        Gap: "owner" | "contact" | "contract" | "agreement" | "scorecard" | "exitPlan";
        /** @description How an evaluation stands. */
        Ranking: {
            /** @description The candidates, the best first; those that lack a must-have stand last. */
            items: components["schemas"]["Standing"][];
        };
        /** @description How a candidate stands. */
        Standing: {
            /** @description Name of the candidate. */
            name: string;
            /**
             * Format: uint
             * @description Its place, from 1; equals share one. None: it is out, or nothing is judged.
             */
            place?: number | null;
            /**
             * Format: double
             * @description Weighted mean of what is judged, 0 to 5.
             */
            score?: number | null;
            /** @description Criteria by which it is not judged yet. */
            missing: string[];
            /** @description Must-haves that it lacks: it is out. */
            failed: string[];
        };
        /** @description The inventory of secrets of a scope. */
        SecretsInventory: {
            /**
             * Format: uint64
             * @description Days after which a secret that a person has set is stale.
             */
            staleAfterDays: number;
            /** @description All secrets, by connection and field. */
            items: components["schemas"]["SecretEntry"][];
        };
        /** @description A secret, without its value. Times are in milliseconds since 1970. */
        SecretEntry: {
            /** @description The connection that it belongs to. */
            connection: string;
            /** @description Title of the connection, empty when it has none. */
            title: string;
            /** @description Connector that the connection is an account of. */
            connector?: string | null;
            /** @description Its name. */
            field: string;
            /** @description The server gets it from the service and renews it. */
            automatic: boolean;
            /** @description Who set it, or who consented at the service; absent: it is not known any more. */
            owner?: string | null;
            /**
             * Format: int64
             * @description When it was set or renewed last.
             */
            setAt: number;
            /**
             * Format: uint64
             * @description Whole days since then.
             */
            ageDays: number;
            /**
             * Format: int64
             * @description When it was last used, where that is known.
             */
            lastUsedAt?: number | null;
            /**
             * Format: int64
             * @description When it ends, where that is known.
             */
            expiresAt?: number | null;
            /** @description Workflows that use the connection, the active ones first. */
            usedBy: components["schemas"]["WorkflowUse"][];
            /** @description Why somebody should look at it. */
            flags: components["schemas"]["SecretFlag"][];
        };
        /** @description Why somebody should look at a secret. */
        SecretFlag: "expired" | "expiring" | "stale" | "unused";
        /** @description An account on an outside service: how a request shows it, and where it may be sent. */
        Connection: {
            /** @description Title for people. */
            title?: string;
            /** @description How requests show the account. */
            auth: components["schemas"]["Scheme"];
            /** @description The connector that it is an account of, if it is one. */
            connector?: components["schemas"]["Name"] | null;
            /** @description What the connector asks for beside secrets, such as a subdomain. Nothing secret belongs here. */
            settings?: {
                [key: string]: unknown;
            };
            /**
             * @description Hosts that the secret may be sent to, such as `api.example.com`, `*.example.com` or `10.0.0.0/8`.
             *     None: it serves only to check who calls a webhook.
             */
            hosts?: components["schemas"]["HostPattern"][];
            /** @description The hosts may lie in private, loopback or link-local ranges. */
            allowPrivate?: boolean;
            /** @description Certificates of the account: for its hosts, by HTTP, and for nobody else. */
            tls?: components["schemas"]["Certificates"] | null;
            /** @description Limit of calls that the account has. */
            limit?: components["schemas"]["RateLimit"] | null;
            /**
             * @description Last day on which its secrets are good, such as `2027-03-01`, where the service has told one. It is announced a
             *     week ahead.
             */
            secretsEndOn?: string | null;
            /** @description Secret fields that have a value. The server writes this list; what a request says here is ignored. */
            secrets?: string[];
            /** @description What an import could not map, kept verbatim, by source (`n8n`). */
            foreign?: {
                [key: string]: unknown;
            };
        };
        /** @description How requests show the account. Secret values are set by `PUT …/connections/{name}/secrets/{field}`. */
        Scheme: {
            /** @constant */
            type: "basic";
            /** @description The user. */
            username: string;
        } | {
            /** @constant */
            type: "digest";
            /** @description The user. */
            username: string;
        } | {
            /** @constant */
            type: "header";
            /** @description Name of the header. */
            name: string;
            /** @description Text before the value. A blank is put between them, unless the text ends with one or with `=`. */
            prefix?: string | null;
        } | {
            /** @constant */
            type: "bearer";
            /** @description Text in the place of `Bearer`. A blank is put after it, unless it ends with one or with `=`. */
            prefix?: string | null;
        } | {
            /** @constant */
            type: "session";
            /** @description The user. */
            username?: string;
            /** @description The request that logs in. */
            login: components["schemas"]["Exchange"];
            /** @description Where the session stands in its answer. */
            token: components["schemas"]["TokenPlace"];
            /** @description How the session is shown in calls. */
            send: components["schemas"]["Showing"];
            /** @description How long a session is good. Absent: until it is refused. */
            lifetime?: components["schemas"]["Duration"] | null;
            /**
             * @description Where the answer says how long it is good, as a path of dots: seconds from now, seconds or milliseconds since
             *     1970, or a time such as `2027-03-01T12:00:00Z`.
             */
            expires?: string | null;
            /** @description How answers look that refuse a session. Absent: their status is 401. */
            refused?: components["schemas"]["RefusalSign"][];
            /** @description The request that ends a session when the connection is disconnected. It shows the session as calls do. */
            logout?: components["schemas"]["Exchange"] | null;
        } | {
            /** @constant */
            type: "oauth2";
            /**
             * @description How a token is got.
             * @default authorizationCode
             */
            flow?: components["schemas"]["Flow2"];
            /** @description Our name at the service. Absent: as some service accounts have none. */
            clientId?: string;
            /** @description Where people consent. */
            authorizeUrl?: string | null;
            /** @description Where tokens are handed out. */
            tokenUrl: string;
            /** @description Where a device asks for a code. */
            deviceUrl?: string | null;
            /** @description Where tokens are made void. */
            revokeUrl?: string | null;
            /** @description What the account may be used for, in the service's words. */
            scopes?: string[];
            /**
             * @description What stands between scopes.
             * @default
             */
            scopeSeparator?: string;
            /**
             * @description The consent is bound to whoever asked for it (RFC 7636).
             * @default true
             */
            pkce?: boolean;
            /** @description Further parameters of the page of consent. */
            authorizeParams?: {
                [key: string]: string;
            };
            /** @description Further parameters of requests for tokens. */
            tokenParams?: {
                [key: string]: string;
            };
            /**
             * @description How the application shows itself where tokens are handed out.
             * @default body
             */
            tokenAuth?: components["schemas"]["TokenAuth"];
            /**
             * @description Where the token stands in the answer, as a path of dots.
             * @default access_token
             */
            tokenPath?: string;
            /**
             * @description What stands before the token in the header `Authorization`.
             * @default Bearer
             */
            prefix?: string;
            /**
             * Format: uint64
             * @description How long tokens live when the answer does not say so, in seconds. Absent: for ever.
             */
            lifetime?: number | null;
            /** @description Fields of the answer that become settings of the connection: paths of dots by setting. */
            keep?: {
                [key: string]: string;
            };
            /** @description Claims of the assertion, for service accounts. `iss`, `aud`, `iat` and `exp` are added; `{scopes}` are the scopes. */
            claims?: {
                [key: string]: unknown;
            };
            /** @description `kid` in the head of the assertion. */
            keyId?: string | null;
        } | {
            /** @constant */
            type: "awsSigV4";
            /** @description The service's name in the signature, such as `s3`. */
            service: string;
            /** @description The region, such as `eu-central-1`. `{name}` is a setting. */
            region: string;
        } | {
            /** @constant */
            type: "query";
            /** @description Name of the parameter. */
            name: string;
        } | {
            /** @constant */
            type: "jwt";
            /** @description Signature algorithm. */
            algorithm: components["schemas"]["JwtAlgorithm"];
            /**
             * Format: pem
             * @description PEM of the public key, to check tokens of asymmetric algorithms.
             */
            publicKey?: string | null;
            /** @description Claims of the tokens that are made; `iat` and `exp` are added. */
            claims?: {
                [key: string]: unknown;
            };
            /**
             * @description How long the token of a call is good for. Tokens that a node makes say themselves when they end.
             * @default 5m
             */
            lifetime?: components["schemas"]["Duration"];
            /** @description `kid` in the head of made tokens. */
            keyId?: string | null;
        } | {
            /** @constant */
            type: "custom";
            /** @description Headers that are no secret. */
            headers?: {
                [key: string]: string;
            };
            /** @description Query parameters that are no secret. */
            query?: {
                [key: string]: string;
            };
            /** @description Fields that are no secret, put into a JSON object or a form that is sent. */
            body?: {
                [key: string]: unknown;
            };
            /** @description Names of headers whose values are secret. */
            secretHeaders?: string[];
            /** @description Names of query parameters whose values are secret. */
            secretQuery?: string[];
            /** @description Names of fields of the body whose values are secret. */
            secretBody?: string[];
            /**
             * @description Names of secrets that the texts above and `path` name in braces, such as `{token}`; other names in braces
             *     are settings.
             */
            secretParts?: string[];
            /**
             * @description What the path of every request begins with, such as `/bot{token}`. A path that names `{secret.token}`
             *     itself has the secret there, and does not begin with this.
             */
            path?: string | null;
        } | {
            /** @constant */
            type: "webhook";
            /**
             * @description A well-known sender, such as `stripe`.
             * @enum {string}
             */
            sender?: "acuity" | "adyen" | "adyen-platforms" | "affirm" | "aftership" | "aiprise" | "aircall" | "airship" | "airtable" | "airwallex" | "akeneo" | "alchemy" | "apify" | "asana" | "ascend" | "ashby" | "attentive" | "auth0" | "authorize-net" | "autodesk" | "bamboohr" | "bigcommerce" | "bitbucket" | "blockfrost" | "boldsign" | "bolt" | "box" | "braintree" | "brevo" | "brex" | "btcpay" | "buildkite" | "bunny-stream" | "buy-me-a-coffee" | "cal-com" | "calendly" | "cashfree" | "chargebee" | "chargify" | "chatwoot" | "checkout-com" | "checkr" | "circleci" | "clerk" | "clickup" | "clio" | "cloudflare-stream" | "cloudinary" | "cloudinary-sha256" | "cloudprinter" | "coinbase-commerce" | "commercelayer" | "configcat" | "contentful" | "courier" | "cronofy" | "cursor" | "customer-io" | "deel" | "deepgram" | "discord" | "discord-interactions" | "discourse" | "documenso" | "docusign" | "dropbox" | "dropbox-sign" | "dub" | "dwolla" | "easypost" | "ecwid" | "elevenlabs" | "enode" | "ethoca" | "etsy" | "exact-online" | "facebook" | "fastspring" | "faundit" | "favro" | "figma" | "finicity" | "fireblocks" | "fireflies" | "flagsmith" | "flexport" | "flutterwave" | "flutterwave-v3" | "forgejo" | "frame-io" | "front" | "front-rules" | "gemini" | "gitea" | "github" | "gitlab" | "gitlab-signing-token" | "gocardless" | "google-drive" | "greenhouse" | "gusto" | "help-scout" | "heroku" | "hookdeck" | "hubspot" | "hubspot-v1" | "hubspot-v2" | "hugging-face" | "incident-io" | "instagram" | "intercom" | "jira" | "kick" | "klaviyo" | "knock" | "ko-fi" | "korapay" | "launchdarkly" | "lemon-squeezy" | "line" | "linear" | "linkedin" | "lithic" | "livekit" | "lob" | "logto" | "mailchimp" | "mailerlite" | "mailersend" | "mailgun" | "mandrill" | "memberful" | "meraki" | "mercado-pago" | "merge" | "messagebird" | "meta" | "microsoft-graph" | "microsoft-teams" | "midtrans" | "modern-treasury" | "mollie" | "monday" | "monday-app" | "mongodb-atlas" | "monnify" | "mux" | "netlify" | "nmi" | "notion" | "npm" | "nuvemshop" | "nylas" | "okta" | "onfido" | "onfleet" | "openai" | "openphone" | "orb" | "oura" | "paddle" | "paddle-classic" | "pagerduty" | "pandadoc" | "patreon" | "paymob" | "paypro-global" | "paystack" | "persona" | "picqer" | "pipedrive" | "planetscale" | "plivo" | "plivo-v2" | "polar" | "postmark" | "primer" | "printful" | "pusher" | "pylon" | "quickbooks" | "quo" | "razorpay" | "recharge" | "recurly" | "recurly-basic" | "render" | "replicate" | "resend" | "retell" | "revolut" | "ringcentral" | "saleor" | "sanity" | "scrapfly" | "segment" | "sendbird" | "sendcloud" | "sendgrid" | "sentry" | "sharepoint" | "shipbob" | "shiphero" | "shippo" | "shopify" | "shopline" | "shopware" | "sinch" | "slack" | "smartcar" | "smile" | "solidgate" | "sonarqube" | "sparkpost" | "square" | "squarespace" | "standard-webhooks" | "standard-webhooks-ed25519" | "statsig" | "storyblok" | "strava" | "stripe" | "stytch" | "sumsub" | "supabase" | "svix" | "synctera" | "tally" | "tebex" | "telegram" | "teller" | "telnyx" | "terra" | "terraform-cloud" | "thinkific" | "ticket-tailor" | "tiktok" | "todoist" | "token-io" | "trello" | "twilio" | "twitch" | "typeform" | "uber" | "usps" | "utila" | "vanta" | "vapi" | "vercel" | "viber" | "vonage" | "walmart" | "webex" | "webflow" | "websub" | "wechat-pay" | "whatsapp" | "whoop" | "wise" | "wix" | "woocommerce" | "workos" | "x" | "xendit" | "xero" | "yousign" | "youtube" | "zendesk" | "zero-hash" | "zoom";
            /** @description How any other sender signs. */
            signature?: components["schemas"]["Signature"] | null;
            /** @description Last day on which the previous secret is good, such as `2027-03-01`; absent: until it is taken away. */
            previousEndsOn?: string | null;
        } | {
            /** @constant */
            type: "keys";
        } | {
            /** @constant */
            type: "login";
            /** @description What it speaks. */
            protocol: components["schemas"]["Protocol"];
            /** @description Name or address of the service. It may be dialled without being listed in `hosts`. */
            host: string;
            /**
             * Format: uint16
             * @description Its port; absent: the usual one of the protocol.
             */
            port?: number | null;
            /**
             * @description Whether what is sent can be read on the way.
             * @default tls
             */
            encryption?: components["schemas"]["Encryption"];
            /** @description Take any certificate of the service. */
            acceptInvalidCerts?: boolean;
            /** @description The user; empty when the service wants none. */
            user?: string;
            /**
             * @description What else the protocol wants to know, such as `database`, `vhost` or `clientId`; for TLS `caCertificate`
             *     and `clientCertificate` as PEM.
             */
            settings?: {
                [key: string]: unknown;
            };
        };
        /** @description A request about sessions. */
        Exchange: {
            /** @description The method. */
            method?: string;
            /** @description The address. Only settings stand in its braces. */
            url: string;
            /** @description Headers. */
            headers?: {
                [key: string]: string;
            };
            /** @description User and password go along as in RFC 7617. Secret: `password`. */
            basic?: boolean;
            /** @description The body, as JSON. */
            json?: unknown;
            /** @description The body, as fields of a form. */
            form?: {
                [key: string]: string;
            };
        };
        /** @description Where a session stands in the answer to a login. */
        TokenPlace: {
            /** @constant */
            from: "body";
            /** @description The place in JSON, as a path of dots. Absent: the whole body. */
            path?: string;
        } | {
            /** @constant */
            from: "header";
            /** @description Name of the header. */
            name: string;
        } | {
            /** @constant */
            from: "cookies";
            /** @description Their names; each has to be there. Absent: all that are set. */
            names?: string[];
        };
        /** @description How a session is shown in calls. */
        Showing: {
            /** @constant */
            as: "header";
            /** @description Name of the header. */
            name: string;
            /** @description Text before the session. A blank is put between them, unless the text ends with one or with `=`. */
            prefix?: string;
        } | {
            /** @constant */
            as: "cookie";
            /** @description Name of the cookie, for a session that did not come as one. */
            name?: string;
        } | {
            /** @constant */
            as: "query";
            /** @description Name of the parameter. */
            name: string;
        };
        /** @description How an answer looks that refuses what was shown: as all of this together. */
        RefusalSign: {
            /**
             * Format: uint16
             * @description Its status.
             */
            status: number;
            /** @description A text in the first 64 KiB of its body, which are waited for. Not for streams of events. */
            body?: string | null;
            /** @description A part of the address that it redirects to, such as `/login`. */
            location?: string | null;
        };
        /** @description How a token is got. */
        Flow2: "authorizationCode" | "clientCredentials" | "deviceCode" | "jwtBearer";
        /** @description How an application shows itself where tokens are handed out. */
        TokenAuth: "body" | "basic";
        /** @description Signature algorithms of JSON web tokens. */
        JwtAlgorithm: "HS256" | "HS384" | "HS512" | "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" | "ES256" | "ES384" | "EdDSA";
        /** @description How a sender signs what it sends. */
        Signature: {
            /** @description The kind of proof. */
            algorithm: components["schemas"]["Algorithm"];
            /** @description Where the proof is. */
            place: components["schemas"]["Place"];
            /** @description Other places of a proof, such as the header of a second key. One that is right is enough. */
            alsoAt?: components["schemas"]["Place"][];
            /**
             * @description An array in the body whose items carry a proof each: `item:/pointer` is a place in the one at hand, and all of
             *     them have to be right.
             */
            each?: components["schemas"]["Place"] | null;
            /** @description What stands before a signature, such as `sha256=`. What begins otherwise is no signature of this kind. */
            prefix?: string;
            /**
             * @description The marks that stand between the parts of the header, beside white space, where it holds several, such as `,` in
             *     `t=1,v1=abc`.
             */
            separator?: string | null;
            /**
             * @description How bytes are written as text.
             * @default hex
             */
            encoding?: components["schemas"]["Encoding"];
            /**
             * @description The text that is signed. In braces: `{body}`, `{timestamp}`, `{id}`, `{url}`, `{method}`, `{path}`, `{query}`,
             *     `{target}` (path and query), `{form}` (names and values of a form, sorted and joined), `{phpForm}` (the same as
             *     PHP serializes it), `{sortedUrl}` (the address with its query sorted, and the form behind it), and places such as
             *     `{header:name}`, `{query:name}`, `{body:/pointer}`. A name that ends in `?` may be absent, and what stands in
             *     brackets is left out when a name there is absent. What stands behind a `|` is made of the value: `lower`, `sha256`
             *     (in hexadecimal), `escaped` (a backslash before `\` and `:`), `unescaped` (an address whose marks are not
             *     percent-encoded). A digest is made of a text that has `{secret}` in it.
             * @default {body}
             */
            signed?: components["schemas"]["Template"];
            /** @description Other texts that the sender may have signed in its place. */
            alsoSigned?: components["schemas"]["Template"][];
            /**
             * @description How the secret is read.
             * @default text
             */
            key?: components["schemas"]["KeyText"];
            /** @description What a secret may begin with that is no part of the key, such as `whsec_`. */
            keyPrefix?: string | null;
            /** @description When it was signed. */
            timestamp?: components["schemas"]["Timestamp"] | null;
            /** @description What tells an event from others, however often it is sent: in a header or in the body. */
            id?: components["schemas"]["Place"] | null;
            /** @description What says which kind of event it is: in a header, in the query or in the body. */
            eventType?: components["schemas"]["Place"] | null;
            /** @description Query parameter with the SHA-256 of the body in hexadecimal, where the signature leaves the body out. */
            bodyDigest?: string | null;
            /** @description What a JSON web token must say. */
            token?: components["schemas"]["Token"] | null;
            /** @description Senders that know the address with and without its port. */
            anyPort?: boolean;
            /** @description Questions of the sender whether somebody is there. */
            challenges?: components["schemas"]["Challenge"][];
        };
        /** @description The kind of proof. */
        Algorithm: "hmacMd5" | "hmacSha1" | "hmacSha256" | "hmacSha384" | "hmacSha512" | "ed25519" | "ecdsaP256" | "rsaSha1" | "rsaSha256" | "rsaSha512" | "rsaPssSha512" | "sha1" | "sha256" | "sha512" | "jwt" | "basic" | "token";
        /**
         * @description A place in a request: `header:name`, `query:name`, `body` (the whole of it), `body:/pointer`, `raw:/pointer` (the
         *     JSON there as it was sent), `form:name` (a field that comes once), `form:name#/pointer` (in the JSON of a field),
         *     `item:/pointer` (in what `each` names), `headers:name` (the headers that this header lists, as `name:value` with a
         *     `;` between them), or `part:t=` and `part:#1` for the part of the signature's header that begins so, or has that
         *     number.
         */
        Place: string;
        /** @description How bytes are written as text. */
        Encoding: "hex" | "base64" | "base64Url" | "hexInBase64";
        /** @description A text with places in braces. */
        Template: string;
        /** @description How a secret is read. */
        KeyText: "text" | "base64" | "base64Url" | "hex" | "sha1" | "pem";
        /** @description When a request was signed. */
        Timestamp: {
            /** @description Where it is; `part:t=` is the part of the signature's header that begins with `t=`, and `part:#1` its first. */
            place: components["schemas"]["Place"];
            /**
             * @description How it is written.
             * @default seconds
             */
            unit?: components["schemas"]["TimeUnit"];
            /**
             * Format: uint32
             * @description Seconds between it and our clock at most. Absent: it is not looked at.
             */
            tolerance?: number | null;
            /** @description A clock of the sender that is ahead of ours is let pass. */
            mayBeAhead?: boolean;
        };
        /** @description How a time is written. */
        TimeUnit: "seconds" | "milliseconds" | "rfc3339";
        /** @description How a JSON web token is signed, and what it must say. */
        Token: {
            /** @description How it is signed. What its head says instead does not count. */
            algorithm: components["schemas"]["JwtAlgorithm"];
            /** @description Claim with the SHA-256 of the body, in hexadecimal or base64. */
            body?: string | null;
            /** @description Claim with the SHA-256 of the address, in hexadecimal or base64. */
            url?: string | null;
            /** @description Claims that must say this. */
            claims?: {
                [key: string]: string;
            };
            /**
             * Format: uint32
             * @description Seconds between the claim `iat` and our clock at most. Absent: it is not looked at. `exp` and `nbf` always are.
             */
            tolerance?: number | null;
        };
        /** @description A sender's question whether somebody is there, and the answer. */
        Challenge: {
            /** @description Method of the question; absent: any. */
            method?: string | null;
            /** @description What only a question has; absent: its method tells it. */
            has?: components["schemas"]["Place"] | null;
            /** @description The text that must stand there; absent: any. */
            equals?: string | null;
            /** @description Where the token is that we gave the sender: the secret `verifyToken`, or `secret` where there is none. */
            token?: components["schemas"]["Place"] | null;
            /** @description The question is signed as events are. */
            isSigned?: boolean;
            /**
             * Format: uint16
             * @description Status of the answer.
             */
            status?: number;
            /**
             * @description Content type of the answer.
             * @default text/plain
             */
            contentType?: string;
            /**
             * @description The answer, with places in braces as in `signed`; `{sign:base64:query:crc_token}` is the signature of what is
             *     there, and `{verifyToken}` the secret of that name.
             * @default
             */
            answer?: components["schemas"]["Template"];
            /** @description A header of the question that is sent back. */
            echo?: string | null;
        };
        /** @description A protocol that an account logs in to. */
        Protocol: "postgres" | "mysql" | "mongodb" | "redis" | "mqtt" | "amqp" | "nats" | "smtp" | "imap" | "ftp" | "sftp" | "ssh" | "ldap" | "s3" | "git";
        /** @description Whether what is sent can be read on the way. */
        Encryption: "none" | "tls" | "startTls";
        /**
         * @description A host (`api.example.com`), all hosts below a domain (`*.example.com`), a network (`10.0.0.0/8`) or an address, optionally with `:port`.
         * @example api.example.com
         * @example *.example.com:8443
         * @example 10.0.0.0/8
         */
        HostPattern: string;
        /**
         * @description Certificates of an account, as PEM. Secrets: `clientKey`, the key of `clientCertificate`; `clientKeyPassphrase`, when
         *     that is encrypted.
         */
        Certificates: {
            /**
             * Format: pem
             * @description What is shown to services that ask for a certificate; what lies between it and an authority follows it.
             */
            clientCertificate?: string | null;
            /**
             * Format: pem
             * @description An authority that is trusted beside the usual ones, such as a company's own.
             */
            caCertificate?: string | null;
        };
        /** @description A value that workflows of an environment read. */
        Variable: {
            /** @description The value; any JSON. Secrets belong into connections. */
            value: unknown;
            /** @description What it is for. */
            description?: string;
            /** @description Key under which expressions find it; absent: the resource's name. Keys may have capital letters, names not. */
            key?: string | null;
        };
        /** @description The rules of one environment (its `egress` resource). The default lets every public address be called. */
        EgressRules: {
            /** @description When not empty, only these hosts and networks may be called. */
            allow?: components["schemas"]["HostPattern"][];
            /** @description These hosts and networks may never be called, whatever else says so. */
            deny?: components["schemas"]["HostPattern"][];
            /** @description When not empty, only these ports may be called. */
            ports?: number[];
            /**
             * @description Opens private, loopback and link-local addresses. Metadata services of clouds stay closed unless `open`
             *     names them.
             * @default false
             */
            private?: boolean;
            /** @description Hosts and networks that may be called although they lie in private ranges. */
            open?: components["schemas"]["HostPattern"][];
        };
        /**
         * @description A table of rows that workflows and people keep. Each row also has an `id`, and when it was made and last changed
         *     (`createdAt`, `updatedAt`).
         */
        DataTable: {
            /** @description What it is for. */
            description?: string;
            /** @description As people call it, when that is no name of a resource; node types find it by either. */
            title?: string;
            /**
             * @description Its columns, in the order in which they are shown.
             * @default []
             */
            columns?: components["schemas"]["TableColumn"][];
        };
        /** @description A column. */
        TableColumn: {
            /** @description Name: a letter, then letters, digits and `_`. */
            name: string;
            /**
             * @description What it holds. A cell that is of another type, because the column's was changed, counts as empty.
             * @default string
             */
            type?: components["schemas"]["ColumnType"];
            /** @description Under which its cells are kept; absent: its first name. Whoever renames a column keeps the id, and so the cells. */
            id?: string | null;
        };
        /** @description What a column holds. */
        ColumnType: "string" | "number" | "boolean" | "date";
        /** @description Something that can happen, and of which others can hear. Its name is what stands in messages: `invoice.paid`. */
        EventType: {
            /** @description What happened then, in a sentence for those who subscribe. */
            description?: string;
            /** @description JSON Schema of the data. Absent: anything. */
            schema?: unknown;
            /** @description Data as it looks, for those who subscribe and for tests. */
            example?: unknown;
            /** @description Not to be chosen any more; those who did still hear of it. */
            deprecated?: boolean;
        };
        /** @description Somebody who hears of events: an address that messages are delivered to. */
        Subscriber: {
            /** @description What it is for. */
            description?: string;
            /** @description Address; messages come as POST. */
            url: string;
            /** @description Whose subscriber it is. It hears of this customer's events and of everybody's. Empty: of all events. */
            customer?: string;
            /** @description Event types that it hears of; `invoice.*` means all that begin so. Empty: all. */
            events?: string[];
            /**
             * @description Expression that says of a message whether it is wanted, for example `{{ $json.data.amount > 100 }}`.
             *     `$json` has `type`, `timestamp` and `data`.
             */
            filter?: string | null;
            /** @description What is sent instead of `type`, `timestamp` and `data`: JSON with expressions. */
            transform?: {
                [key: string]: unknown;
            } | null;
            /** @description Headers that go with every message. They are no place for secrets: whoever sees the subscriber sees them. */
            headers?: {
                [key: string]: string;
            };
            /**
             * @description How messages are signed.
             * @default hmac
             */
            signing?: components["schemas"]["Signing"];
            /** @description How many messages it takes. */
            limit?: components["schemas"]["RateLimit"] | null;
            /** @description How long it may take to answer; 15 s unless said, at most 60 s. */
            timeout?: components["schemas"]["Duration"] | null;
            /** @description Pauses after each failed try. Absent: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. */
            retries?: components["schemas"]["Duration"][] | null;
        };
        /** @description Who is behind outside services, and what was agreed with them. */
        Vendor: {
            /** @description The vendor's name as it writes it itself. */
            title: string;
            /** @description Address of its site. */
            website?: string | null;
            /** @description What it is bought for, such as `payments`. */
            category?: string;
            /** @description Who of us answers for it: a person or a team. */
            owner?: string;
            /** @description Connectors whose service it provides, such as `stripe`. */
            connectors?: components["schemas"]["Name"][];
            /** @description Hosts that it answers at and that no connector stands for, such as `api.example.com` or `*.example.com`. */
            hosts?: components["schemas"]["HostPattern"][];
            /** @description People and desks to turn to. */
            contacts?: components["schemas"]["Contact"][];
            /** @description The contract with it. */
            contract?: components["schemas"]["Contract"] | null;
            /**
             * Service level
             * @description What it promises of its service.
             */
            sla?: components["schemas"]["Sla"] | null;
            /** @description What it costs. */
            cost?: components["schemas"]["Cost"] | null;
            /** @description What it has of our data. */
            data?: components["schemas"]["DataHandling"] | null;
            /** @description How good it is, criterion by criterion. */
            scorecard?: components["schemas"]["Judgement"][];
            /** @description How to get away from it: what to take along, what stands in, who does it. Markdown. */
            exitPlan?: string;
            /** @description Whatever else is to be known, in Markdown. */
            notes?: string;
        };
        /** @description Somebody to turn to. */
        Contact: {
            /** @description A person or a desk. */
            name: string;
            /** @description What for, such as `support` or `account manager`. */
            role?: string;
            /** @description Address for mail. */
            email?: string | null;
            /** @description Telephone number. */
            phone?: string | null;
            /**
             * Page
             * @description Address of a page, such as a support portal.
             */
            url?: string | null;
        };
        /** @description The contract with a vendor. Days are written as `2027-03-01`. */
        Contract: {
            /** @description Number or name by which both sides know it. */
            reference?: string;
            /**
             * Format: date
             * @description First day.
             */
            startsOn?: string | null;
            /**
             * Format: date
             * @description Last day of the term; absent: it has no end.
             */
            endsOn?: string | null;
            /**
             * Format: uint32
             * @description Days before the end by which notice must be given.
             */
            noticeDays?: number;
            /** @description It goes on by itself unless notice is given. */
            renewsAutomatically?: boolean;
            /**
             * Format: uint32
             * @description Months by which it goes on each time.
             */
            renewsForMonths?: number | null;
            /**
             * Format: uint32
             * @description Days before the last day for notice on which somebody is reminded.
             */
            remindDays?: number;
            /** @description What was decided about the end of a term; it silences the reminder for this term. */
            decision?: components["schemas"]["TermDecision"] | null;
            /** @description Address of the document. */
            document?: string | null;
        };
        /** @description What was decided about the end of a term. */
        TermDecision: {
            /**
             * Format: date
             * @description Last day of the term that it is about.
             */
            termEndsOn: string;
            /** @description What follows. */
            outcome: components["schemas"]["Outcome"];
            /** @description Who decided. */
            by?: string;
            /**
             * Format: date
             * @description On which day.
             */
            on?: string | null;
        };
        /** @description What a vendor promises of its service. */
        Sla: {
            /**
             * Format: double
             * @description Promised availability in percent, such as 99.9.
             */
            availability?: number | null;
            /** @description How fast it answers, such as `4 h for severity 1`. */
            responseTime?: string;
            /** @description When somebody is there, such as `Mon–Fri 9–17 CET`. */
            supportHours?: string;
            /** @description Page on which it tells of disruptions. */
            statusPage?: string | null;
        };
        /** @description What a vendor costs. */
        Cost: {
            /** @description Decimal amount, such as `1200.50`. */
            amount: string;
            /** @description Three letters of ISO 4217, such as `EUR`. */
            currency: string;
            /** @description For what the amount is paid. */
            per: components["schemas"]["Per"];
            /**
             * Format: uint64
             * @description Calls that are expected in a year, where each call is paid.
             */
            callsAYear?: number | null;
        };
        /** @description For what an amount is paid. */
        Per: "month" | "quarter" | "year" | "call" | "once";
        /** @description What a vendor has of our data. */
        DataHandling: {
            /** @description Where it keeps them, such as `EU`. */
            region?: string;
            /** @description Data of persons are among them. */
            personalData?: boolean;
            /** @description The agreement on their processing: where it is kept, or its number. */
            processingAgreement?: string;
            /**
             * Format: date
             * @description Day on which it was signed.
             */
            agreedOn?: string | null;
        };
        /** @description How good a vendor is by one criterion. */
        Judgement: {
            /** @description What is judged, such as `reliability`. */
            criterion: string;
            /**
             * Format: uint32
             * @description How much it counts beside the others, 1 to 100.
             */
            weight?: number;
            /**
             * Format: uint8
             * @description 0 (useless) to 5 (could not be better); absent: not judged yet.
             */
            score?: number | null;
            /** @description Why. */
            note?: string;
            /** @description Who judged. */
            by?: string;
            /**
             * Format: date
             * @description On which day.
             */
            on?: string | null;
        };
        /** @description Which of several services to take, judged by criteria that were agreed on before. */
        Evaluation: {
            /** @description Title for people. */
            title: string;
            /** @description What a service is wanted for, in Markdown. */
            question?: string;
            /** @description What candidates are judged by. */
            criteria?: components["schemas"]["Criterion"][];
            /** @description That those who decide have agreed on criteria and weights, before candidates were scored. */
            agreed?: components["schemas"]["Agreement"] | null;
            /** @description What there is to choose from. */
            candidates?: components["schemas"]["Candidate"][];
            /** @description What was chosen; absent: nothing yet. */
            decision?: components["schemas"]["Decision"] | null;
        };
        /** @description What candidates are judged by. */
        Criterion: {
            /** @description Its name, unique in the evaluation. */
            name: string;
            /**
             * Format: uint32
             * @description How much it counts beside the others, 1 to 100.
             */
            weight?: number;
            /** @description What counts, and what a good score takes. */
            meaning?: string;
            /** @description Who does not reach `atLeast` is out. */
            mustHave?: boolean;
            /**
             * Format: uint8
             * @description The least score that a must-have takes.
             */
            atLeast?: number;
        };
        /** @description Who agreed, and when. */
        Agreement: {
            /** @description Who. */
            by: string;
            /**
             * Format: date
             * @description On which day, such as `2027-03-01`.
             */
            on?: string | null;
        };
        /** @description Something that could be chosen. */
        Candidate: {
            /** @description Its name, unique in the evaluation. */
            name: string;
            /** @description The vendor that it is, when it is in the register. */
            vendor?: components["schemas"]["Name"] | null;
            /** @description Scores by the names of criteria. */
            scores?: {
                [key: string]: components["schemas"]["Mark"];
            };
            /** @description Whatever else is to be known. */
            notes?: string;
        };
        /** @description How good a candidate is by a criterion. */
        Mark: {
            /**
             * Format: uint8
             * @description 0 (useless) to 5 (could not be better); absent: not judged yet.
             */
            score?: number | null;
            /** @description Why. */
            note?: string;
        };
        /** @description What was chosen. */
        Decision: {
            /** @description Name of the candidate. */
            chosen: string;
            /**
             * Format: date
             * @description On which day, such as `2027-03-01`.
             */
            on?: string | null;
            /** @description Who decided. */
            by?: string;
            /** @description Why. */
            why?: string;
        };
        /** @description An inbound webhook address: who may call it, and which workflows get what comes. */
        Endpoint2: {
            /** @description What it is for. */
            description?: string;
            /** @description Path below `/hooks/<workspace>/<environment>/`, with `:name` segments. */
            path: string;
            /**
             * @description Methods that it answers. Questions of a sender whether somebody is there are answered by any.
             * @default [
             *       "POST"
             *     ]
             */
            methods?: string[];
            /**
             * @description Who may call it.
             * @default {
             *       "kind": "none"
             *     }
             */
            auth?: components["schemas"]["WebhookAuth"];
            /** @description Sender addresses or CIDR ranges; empty: any. */
            senders?: string[];
            /**
             * Format: uint64
             * @description Largest body in bytes; absent: the server's limit.
             */
            bodyLimit?: number | null;
            /** @description Requests per time and sender; absent: no limit of its own. */
            rate?: components["schemas"]["Rate"] | null;
            /**
             * @description Header or field that carries the sender's dedupe key; absent: what the sender is known to send, or
             *     `Idempotency-Key`.
             */
            dedupe?: components["schemas"]["Dedupe"] | null;
            /**
             * @description Expression for the type of an event, for example `{{ $json.body.type }}`. Absent: where the sender is known to
             *     say it, or `type` in the body.
             */
            type?: string | null;
            /**
             * @description Expression for what events keep their order by, for example `{{ $json.body.customer }}`: runs of one key go one
             *     at a time, in the order in which the events came, whatever workflows they are of. Absent or without a value: no
             *     order.
             */
            key?: string | null;
            /**
             * @description What a sender is answered as soon as the event is committed.
             * @default {
             *       "status": 200
             *     }
             */
            answer?: components["schemas"]["Reply"];
            /**
             * @description Whether the first route that matches gets an event, or all of them do.
             * @default first
             */
            mode?: components["schemas"]["Mode"];
            /**
             * @description Which workflows get what, looked at in this order.
             * @default []
             */
            routes?: components["schemas"]["Route"][];
            /**
             * @description What becomes of an event that no route wants.
             * @default drop
             */
            else?: components["schemas"]["Otherwise"];
            /** @description Nobody listens, and the address is free for others. */
            disabled?: boolean;
        };
        /** @description Who may call a webhook. */
        WebhookAuth: {
            /** @constant */
            kind: "none";
        } | {
            /** @constant */
            kind: "basic";
            /** @description Connection that holds them. */
            connection?: components["schemas"]["Name"] | null;
        } | {
            /** @constant */
            kind: "header";
            /** @description Connection that holds it. */
            connection?: components["schemas"]["Name"] | null;
        } | {
            /** @constant */
            kind: "jwt";
            /** @description Connection that holds the key. */
            connection?: components["schemas"]["Name"] | null;
        } | {
            /** @constant */
            kind: "signed";
            /** @description Connection that holds the secret and says how the sender signs. */
            connection?: components["schemas"]["Name"] | null;
        };
        /** @description Where the sender's dedupe key is. */
        Dedupe: {
            /** @description Header name. */
            header?: string | null;
            /** @description JSON pointer into the body. */
            pointer?: string | null;
            /** @description How long a key is remembered. */
            ttl?: components["schemas"]["Duration"] | null;
        };
        /** @description What a sender is answered. */
        Reply: {
            /**
             * Format: uint16
             * @description Status, 200 to 299.
             * @default 200
             */
            status?: number;
            /** @description Body; absent: none. */
            body?: string | null;
            /** @description Content type of the body; `text/plain` unless said. */
            contentType?: string | null;
        };
        /** @description How many routes get an event. */
        Mode: "first" | "all";
        /** @description A workflow, and which events it gets. */
        Route: {
            /** @description Name, for people and for `$json.event.route`. */
            name: string;
            /**
             * @description Which events it gets; all of what is said has to hold. Nothing said: every event.
             * @default {}
             */
            when?: components["schemas"]["When"];
            /** @description Workflow that gets them. It begins at its trigger `core.called`, or else at its webhook or its manual trigger. */
            workflow: components["schemas"]["Name"];
        };
        /** @description Which events a route wants. */
        When: {
            /** @description Types of events, one of which it has to be; `*` stands for any text, as in `order.*`. */
            type?: string[];
            /**
             * @description Expression over the request that has to be true, for example `{{ $json.body.amount > 100 }}`. `$json` has
             *     `headers`, `params`, `query`, `body` and `event.type`.
             */
            match?: string | null;
            /** @description Conditions that all have to hold. */
            conditions?: components["schemas"]["Condition3"][];
        };
        /** @description What is to be said of a field. All of it has to hold; what is absent holds for nothing but `exists: false`. */
        Condition3: {
            /** @description Field of the request, with dots: `body.customer.country`, `headers.x-shop`, `query.a`, `event.type`. */
            field: string;
            /** @description It is this. */
            equals?: unknown;
            /** @description It is not this. */
            notEquals?: unknown;
            /** @description It is one of these. */
            oneOf?: unknown[];
            /** @description It is a text that begins so. */
            startsWith?: string | null;
            /** @description It is a text that has this in it, or a list that has it as a member. */
            contains?: string | null;
            /**
             * Format: double
             * @description It is a number above this.
             */
            greaterThan?: number | null;
            /**
             * Format: double
             * @description It is a number below this.
             */
            lessThan?: number | null;
            /** @description It is there, or it is not; `null` is not there. */
            exists?: boolean | null;
        };
        /** @description What becomes of an event that no route wants. */
        Otherwise: "drop" | "refuse" | {
            workflow: components["schemas"]["Name"];
        };
        ProblemBody: components["schemas"]["Problem"] & {
            /** Format: uri-reference */
            type: string;
            title: string;
            status: number;
            /** Format: uri-reference */
            instance?: string;
        };
    };
    responses: {
        /** @description A refusal that can be acted on. */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemBody"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    metrics: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain; version=0.0.4": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listNodeTypes: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listKinds: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page2"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    applyResources: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Many"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page3"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    diffResources: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Many"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page4"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listConnections: {
        parameters: {
            query?: {
                /** @description Only those with these labels, `key=value`. */
                label?: string[];
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page5"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createConnection: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getConnection: {
        parameters: {
            query?: {
                /** @description An earlier revision. */
                revision?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Resource"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    putConnection: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteConnection: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    historyConnection: {
        parameters: {
            query?: {
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page6"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    diffConnection: {
        parameters: {
            query?: {
                /** @description First revision; absent: the one before the second. */
                from?: number;
                /** @description Second revision; absent: the newest. */
                to?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Compared"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    conditionConnection: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Condition"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rollbackConnection: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rollback"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    renameConnection: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rename"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page7"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listVariables: {
        parameters: {
            query?: {
                /** @description Only those with these labels, `key=value`. */
                label?: string[];
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page5"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createVariable: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getVariable: {
        parameters: {
            query?: {
                /** @description An earlier revision. */
                revision?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Resource"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    putVariable: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteVariable: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    historyVariable: {
        parameters: {
            query?: {
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page6"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    diffVariable: {
        parameters: {
            query?: {
                /** @description First revision; absent: the one before the second. */
                from?: number;
                /** @description Second revision; absent: the newest. */
                to?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Compared"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    conditionVariable: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Condition"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rollbackVariable: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rollback"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    renameVariable: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rename"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page7"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listEgress: {
        parameters: {
            query?: {
                /** @description Only those with these labels, `key=value`. */
                label?: string[];
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page5"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createEgress: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getEgress: {
        parameters: {
            query?: {
                /** @description An earlier revision. */
                revision?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Resource"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    putEgress: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteEgress: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    historyEgress: {
        parameters: {
            query?: {
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page6"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    diffEgress: {
        parameters: {
            query?: {
                /** @description First revision; absent: the one before the second. */
                from?: number;
                /** @description Second revision; absent: the newest. */
                to?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Compared"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    conditionEgress: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Condition"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rollbackEgress: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rollback"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    renameEgress: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rename"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page7"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listDataTables: {
        parameters: {
            query?: {
                /** @description Only those with these labels, `key=value`. */
                label?: string[];
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page5"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createDataTable: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getDataTable: {
        parameters: {
            query?: {
                /** @description An earlier revision. */
                revision?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Resource"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    putDataTable: {
        parameters: {
            query?: {
                /** @description Columns may go, with their cells, although active workflows work with the table. */
                force?: boolean;
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteDataTable: {
        parameters: {
            query?: {
                /** @description Delete it although active workflows work with it. */
                force?: boolean;
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    historyDataTable: {
        parameters: {
            query?: {
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page6"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    diffDataTable: {
        parameters: {
            query?: {
                /** @description First revision; absent: the one before the second. */
                from?: number;
                /** @description Second revision; absent: the newest. */
                to?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Compared"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    conditionDataTable: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Condition"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rollbackDataTable: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rollback"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    renameDataTable: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rename"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page7"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listEventTypes: {
        parameters: {
            query?: {
                /** @description Only those with these labels, `key=value`. */
                label?: string[];
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page5"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createEventType: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getEventType: {
        parameters: {
            query?: {
                /** @description An earlier revision. */
                revision?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Resource"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    putEventType: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteEventType: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    historyEventType: {
        parameters: {
            query?: {
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page6"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    diffEventType: {
        parameters: {
            query?: {
                /** @description First revision; absent: the one before the second. */
                from?: number;
                /** @description Second revision; absent: the newest. */
                to?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Compared"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    conditionEventType: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Condition"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rollbackEventType: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rollback"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    renameEventType: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rename"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page7"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listSubscribers: {
        parameters: {
            query?: {
                /** @description Only those with these labels, `key=value`. */
                label?: string[];
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page5"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createSubscriber: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getSubscriber: {
        parameters: {
            query?: {
                /** @description An earlier revision. */
                revision?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Resource"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    putSubscriber: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteSubscriber: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    historySubscriber: {
        parameters: {
            query?: {
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page6"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    diffSubscriber: {
        parameters: {
            query?: {
                /** @description First revision; absent: the one before the second. */
                from?: number;
                /** @description Second revision; absent: the newest. */
                to?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Compared"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    conditionSubscriber: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Condition"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rollbackSubscriber: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rollback"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    renameSubscriber: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rename"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page7"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listVendors: {
        parameters: {
            query?: {
                /** @description Only those with these labels, `key=value`. */
                label?: string[];
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page5"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createVendor: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getVendor: {
        parameters: {
            query?: {
                /** @description An earlier revision. */
                revision?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Resource"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    putVendor: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteVendor: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    historyVendor: {
        parameters: {
            query?: {
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page6"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    diffVendor: {
        parameters: {
            query?: {
                /** @description First revision; absent: the one before the second. */
                from?: number;
                /** @description Second revision; absent: the newest. */
                to?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Compared"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    conditionVendor: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Condition"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rollbackVendor: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rollback"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    renameVendor: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rename"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page7"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listEvaluations: {
        parameters: {
            query?: {
                /** @description Only those with these labels, `key=value`. */
                label?: string[];
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page5"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createEvaluation: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getEvaluation: {
        parameters: {
            query?: {
                /** @description An earlier revision. */
                revision?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Resource"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    putEvaluation: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteEvaluation: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    historyEvaluation: {
        parameters: {
            query?: {
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page6"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    diffEvaluation: {
        parameters: {
            query?: {
                /** @description First revision; absent: the one before the second. */
                from?: number;
                /** @description Second revision; absent: the newest. */
                to?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Compared"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    conditionEvaluation: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Condition"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rollbackEvaluation: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rollback"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    renameEvaluation: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rename"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page7"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listWorkflows: {
        parameters: {
            query?: {
                /** @description Only those with these labels, `key=value`. */
                label?: string[];
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page5"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createWorkflow: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getWorkflow: {
        parameters: {
            query?: {
                /** @description An earlier revision. */
                revision?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Resource"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    putWorkflow: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteWorkflow: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    historyWorkflow: {
        parameters: {
            query?: {
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page6"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    diffWorkflow: {
        parameters: {
            query?: {
                /** @description First revision; absent: the one before the second. */
                from?: number;
                /** @description Second revision; absent: the newest. */
                to?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Compared"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    conditionWorkflow: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Condition"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rollbackWorkflow: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rollback"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    renameWorkflow: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rename"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page7"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listEndpoints: {
        parameters: {
            query?: {
                /** @description Only those with these labels, `key=value`. */
                label?: string[];
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page5"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createEndpoint: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getEndpoint: {
        parameters: {
            query?: {
                /** @description An earlier revision. */
                revision?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Resource"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    putEndpoint: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteEndpoint: {
        parameters: {
            query?: {
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    historyEndpoint: {
        parameters: {
            query?: {
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page6"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    diffEndpoint: {
        parameters: {
            query?: {
                /** @description First revision; absent: the one before the second. */
                from?: number;
                /** @description Second revision; absent: the newest. */
                to?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Compared"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    conditionEndpoint: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Condition"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rollbackEndpoint: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rollback"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    renameEndpoint: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rename"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page7"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getDraft: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Draft"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    putDraft: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutDraft"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Draft"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteDraft: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    publishDraft: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description Refuse when the stored revision is another one. */
                "If-Match"?: string;
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getActivation: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Activation"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    activateWorkflow: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Activate"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Activation"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deactivateWorkflow: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Activation"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    runWorkflow: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunByHand"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Started"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    tryExpression: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TryExpression"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tried"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    watchDraft: {
        parameters: {
            query?: {
                /** @description Position after which to go on; `Last-Event-ID` says the same for server-sent events. */
                after?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events as they happen; a WebSocket carries the same ones as `{id, event, data}`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listenToDraft: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Listen"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listening"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    stopListening: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    followDraft: {
        parameters: {
            query?: {
                /** @description A name for this open page, of at most 64 characters. */
                client?: string;
                /** @description Position after which to go on; `Last-Event-ID` says the same for server-sent events. */
                after?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events as they happen; a WebSocket carries the same ones as `{id, event, data}`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    lookAtNode: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Look"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    putSecret: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
                field: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Secret"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteSecret: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
                field: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    connectionWarnings: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Warnings"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    connectionStatus: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    authorizeConnection: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Consent"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    beginDevice: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceCode"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    pollDevice: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Poll"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceAnswer"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    testConnection: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Trial"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tried2"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    disconnectConnection: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Disconnected"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    reconnectLink: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconnectLink"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    oauthCallback: {
        parameters: {
            query?: {
                /** @description What tokens are handed out for. */
                code?: string;
                /** @description What we gave the browser to bring back. */
                state?: string;
                /** @description Why there are none. */
                error?: string;
                /** @description The same in words. */
                error_description?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    oauthReconnect: {
        parameters: {
            query?: {
                /** @description The secret of the link. */
                link?: string;
                /** @description Go on to the service; the link is used by that. */
                go?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    connectionHealth: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Calls"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    forgetAnswers: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Forget"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Forgotten"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    setBreaker: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Hold"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Calls"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listConnectors: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page8"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    connectorIcon: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/svg+xml": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listChoices: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Wanted2"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page9"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    importFile: {
        parameters: {
            query?: {
                /** @description Name of the file, for the report. */
                name?: string;
                /** @description Do everything but the write. */
                dryRun?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": string;
                "application/yaml": string;
                "application/zip": string;
                "application/x-tar": string;
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportAnswer"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    exportResources: {
        parameters: {
            query?: {
                /** @description `kinds` or `kinds/name` in the plural; absent: everything. */
                what?: string[];
                /** @description json, yaml, zip, tar or n8n; yaml when absent. */
                format?: string;
                /** @description With everything that the chosen ones refer to. */
                closure?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string;
                    "application/yaml": string;
                    "application/zip": string;
                    "application/x-tar": string;
                    "application/octet-stream": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    takeBackup: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-tar": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    watchResources: {
        parameters: {
            query?: {
                /** @description Only resources of these kinds. */
                kind?: string[];
                /** @description Position after which to go on; `Last-Event-ID` says the same for server-sent events. */
                after?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events as they happen; a WebSocket carries the same ones as `{id, event, data}`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    watchRuns: {
        parameters: {
            query?: {
                /** @description Only runs of this workflow. */
                workflow?: string;
                /** @description Position after which to go on; `Last-Event-ID` says the same for server-sent events. */
                after?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events as they happen; a WebSocket carries the same ones as `{id, event, data}`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listRuns: {
        parameters: {
            query?: {
                /** @description Runs of this workflow. */
                workflow?: string;
                /** @description Runs in one of these states. */
                status?: string[];
                /** @description Runs that were started in this way. */
                mode?: string;
                /** @description Runs admitted at or after, milliseconds since 1970. */
                since?: number;
                /** @description Runs admitted before, milliseconds since 1970. */
                until?: number;
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description State as a dead letter: open, redriven, discarded or resolved. */
                dead?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page10"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    showRun: {
        parameters: {
            query?: {
                /** @description First step to show. */
                from?: number;
                /** @description Most steps, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description With the items at each output port. */
                items?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunDetail"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    stepItems: {
        parameters: {
            query?: {
                /** @description Output port; 0 when absent. */
                port?: number;
                /** @description Items to leave out at the front. */
                offset?: number;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                run: string;
                step: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StepItems"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    stepParameters: {
        parameters: {
            query?: {
                /** @description Position of the item; 0 when absent. */
                item?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                run: string;
                step: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StepParameters"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    stepExchanges: {
        parameters: {
            query?: {
                /** @description Position of the item that the parameters are shown for; 0 when absent. */
                item?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                run: string;
                step: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StepExchanges"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    stepFile: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                run: string;
                step: string;
                port: string;
                item: string;
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    watchRun: {
        parameters: {
            query?: {
                /** @description Position after which to go on; `Last-Event-ID` says the same for server-sent events. */
                after?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events as they happen; a WebSocket carries the same ones as `{id, event, data}`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    retryRun: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RetryOptions"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Started2"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    replayRun: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replay"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    signalRun: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Signal"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    settleCall: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                run: string;
                step: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Settle"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listDead: {
        parameters: {
            query?: {
                /** @description Runs of this workflow. */
                workflow?: string;
                /** @description Runs in one of these states. */
                status?: string[];
                /** @description Runs that were started in this way. */
                mode?: string;
                /** @description Runs admitted at or after, milliseconds since 1970. */
                since?: number;
                /** @description Runs admitted before, milliseconds since 1970. */
                until?: number;
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page10"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    redriveDead: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Choice"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Bulk"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    cancelRun: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    pauseRun: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    resumeRun: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    discardDead: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Choice"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Bulk"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    resolveDead: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Choice"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Bulk"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    reopenDead: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Choice"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Bulk"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listRows: {
        parameters: {
            query?: {
                /** @description Conditions as JSON, for example `{"match":"all","conditions":[{"column":"age","condition":"gt","value":5}]}`. */
                filter?: string;
                /** @description Column to sort by, with `-` before it for the greatest first; `id` when absent. */
                sort?: string;
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page11"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    insertRows: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRows"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed2"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    countRows: {
        parameters: {
            query?: {
                /** @description Conditions as JSON, for example `{"match":"all","conditions":[{"column":"age","condition":"gt","value":5}]}`. */
                filter?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TableFill"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    updateRows: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RowChanges"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed2"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    upsertRows: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RowChanges"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed2"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteRows: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RowDeletion"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed2"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    clearRows: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed2"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listArrivals: {
        parameters: {
            query?: {
                /** @description For this workflow, or given to it by an endpoint. */
                workflow?: string;
                /** @description That came to this endpoint. */
                endpoint?: string;
                /** @description Accepted, known, answered or refused. */
                verdict?: string;
                /** @description That came then or later, milliseconds since 1970. */
                since?: number;
                /** @description That came before, milliseconds since 1970. */
                until?: number;
                /** @description Newer than this one, the oldest first: for whoever follows them. */
                after?: string;
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page12"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    showArrival: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                arrival: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArrivalDetail"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    repeatArrival: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                arrival: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Again"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Begun"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    repeatArrivals: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AgainMany"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BegunMany"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    postEvent: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewEvent"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PostedMessage"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listMessages: {
        parameters: {
            query?: {
                /** @description Of this event type. */
                event?: string;
                /** @description Of this customer. */
                customer?: string;
                /** @description Posted then or later, milliseconds since 1970. */
                since?: number;
                /** @description Posted before, milliseconds since 1970. */
                until?: number;
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page13"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    showMessage: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                message: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Message"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                /** @description To this subscriber. */
                subscriber?: string;
                /** @description Of this message. */
                message?: string;
                /** @description Of this event type. */
                event?: string;
                /** @description Of this customer's events. */
                customer?: string;
                /** @description Waiting, delivered, failed or dropped. */
                status?: string;
                /** @description Of messages posted then or later, milliseconds since 1970. */
                since?: number;
                /** @description Of messages posted before, milliseconds since 1970. */
                until?: number;
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page14"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    showDelivery: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                message: string;
                subscriber: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryDetail"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    resendDelivery: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                message: string;
                subscriber: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listSubscriberStates: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriberInfos"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    showSubscriberState: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriberInfo"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    showSubscriberKey: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceiverKey"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rotateSubscriberKey: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rotation"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceiverKey"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    testSubscriber: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TestMessage"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PostedMessage"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    stopSubscriber: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriberInfo"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    resumeSubscriber: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriberInfo"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    recoverDeliveries: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Since"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Counted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    replayMissed: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Since"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Counted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    makePortalPass: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPass"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadePass"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    showPortal: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Portal"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    addPortalSubscriber: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Endpoint"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PortalSubscriber"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    changePortalSubscriber: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Endpoint"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PortalSubscriber"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    removePortalSubscriber: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    showPortalKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceiverKey"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rotatePortalKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rotation"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceiverKey"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    testPortalSubscriber: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TestMessage"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PostedMessage"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    stopPortalSubscriber: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriberInfo"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    resumePortalSubscriber: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriberInfo"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    recoverPortalDeliveries: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Since"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Counted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listPortalDeliveries: {
        parameters: {
            query?: {
                /** @description Of this event type. */
                event?: string;
                /** @description Waiting, delivered, failed or dropped. */
                status?: string;
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page14"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    showPortalDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
                message: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryDetail"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    resendPortalDelivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
                message: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    exportRows: {
        parameters: {
            query?: {
                /** @description Conditions as JSON, as for the list of rows. */
                filter?: string;
                /** @description Column to sort by, with `-` before it for the greatest first. */
                sort?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    importRows: {
        parameters: {
            query?: {
                /** @description What stands between fields; a comma when absent. */
                delimiter?: string;
                /** @description Leave out columns that the table does not have. */
                ignoreUnknown?: boolean;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "text/csv": string;
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Imported"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listListeners: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListenerView"][];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listTokens: {
        parameters: {
            query?: {
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page15"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createToken: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewToken"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeToken"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    revokeToken: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listScopes: {
        parameters: {
            query?: {
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page16"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createScope: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Scope"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Scope"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Only what that one did, for example `user:ada@example.com`. */
                actor?: string;
                /** @description Only that action, for example `resource.put`, or all of `resource`. */
                action?: string;
                /** @description Only what was done to that. */
                subject?: string;
                /** @description Not before that time, milliseconds since 1970. */
                since?: number;
                /** @description Before that time, milliseconds since 1970. */
                until?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page17"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    verifyAudit: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Verified"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    signInWays: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Door"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    signInByPassword: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ByPassword"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    askPasskey: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ceremony"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    signInByPasskey: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasskeyAnswer"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    departForProvider: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                provider: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Destination"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Departure"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    returnFromProvider: {
        parameters: {
            query?: {
                /** @description What the provider gives for who it is. */
                code?: string;
                /** @description What we gave the browser to bring back. */
                state?: string;
                /** @description Who the provider is. */
                iss?: string;
                /** @description Why there is nobody. */
                error?: string;
                /** @description The same in words. */
                error_description?: string;
            };
            header?: never;
            path: {
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    lookAtLink: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkSecret"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkInfo"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    acceptLink: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Acceptance"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    whoAmI: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    renameMe: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rename2"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profile"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    signOut: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    changePassword: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePassword"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listSessions: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page18"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    endOtherSessions: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ended"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    endSession: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listPasskeys: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page19"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    addPasskey: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPasskey"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PasskeyInfo"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    askNewPasskey: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ceremony"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    removePasskey: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listIdentities: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page20"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    attachIdentity: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                provider: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Back"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Departure"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    detachIdentity: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listMyTokens: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page15"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createMyToken: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewToken"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeToken"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    revokeMyToken: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listUsers: {
        parameters: {
            query?: {
                /** @description Most entries of a page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page21"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    inviteUser: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Invitation"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeLink"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    makeOwnerLink: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeLink"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listLinks: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page22"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    dropLink: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    resetUser: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeLink"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    changeUserRules: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rules"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Person"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    disableUser: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Person"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    enableUser: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: {
                /** @description The same key and request get the first answer again, for a day. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Person"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    endUserSessions: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ended"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listProviders: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page23"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    putProvider: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewProvider"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProviderInfo"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteProvider: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    myPreference: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    keepMyPreference: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    forgetMyPreference: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listIntegrations: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Integrations"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    vendorRegister: {
        parameters: {
            query?: {
                /** @description The day on which it is looked at, `2027-03-01`; absent: today (UTC). */
                on?: string;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VendorRegister"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rankEvaluation: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ranking"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    secretsInventory: {
        parameters: {
            query?: {
                /** @description Days after which a secret is stale; absent: 365. */
                staleAfterDays?: number;
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecretsInventory"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    openApi: {
        parameters: {
            query?: {
                /** @description Workspace; `main` when absent. */
                workspace?: string;
                /** @description Environment; `prod` when absent. */
                environment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
}
